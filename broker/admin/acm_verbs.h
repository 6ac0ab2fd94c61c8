// The verbs of administration between systems, and what they reach beside the rest. Made by Broker's listeners, outlives the
// admin listener.
#pragma once

#include "broker/admin/admin_services.h"
#include "core/http/router.h"

namespace claviger::administration {
class Acm;  // broker/administration/acm.h
}

namespace claviger::admin {

struct AcmServices final : AdminServices {
  AcmServices(AdminServices common, administration::Acm& its_acm) : AdminServices(common), acm(its_acm) {}
  administration::Acm& acm;
};

// Users at partners, theirs here.
void add_acm_verbs(http::Router& router, AcmServices& services);

}  // namespace claviger::admin
