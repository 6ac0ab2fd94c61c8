// MC service registrations on the admin socket: who is registered, authorised and subscribed, and an operator's end to it.
#pragma once

#include "broker/admin/admin_services.h"
#include "core/http/router.h"

namespace claviger::registration {
class Registrar;  // broker/registration/registrar.h
}

namespace claviger::admin {

// What these endpoints reach beside what all do: a listener that serves them has this in place of AdminServices.
struct RegistrationServices : AdminServices {
  registration::Registrar* registrar = nullptr;  // null: no [sip]
};

void add_registration_verbs(http::Router& router, RegistrationServices& services);

}  // namespace claviger::admin
