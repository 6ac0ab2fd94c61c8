// The admin API over the bed of another room: what its services must know of that room says who makes it.
//
// Made once per test.
#pragma once

#include <string>

#include "tests/broker/admin/admin_bed.h"

namespace claviger::admin {

template <typename Bed>
class AdminOver : public Bed {
 public:
  // Below tenant alpha: "ues/truck".
  identity::Reply remove(const std::string& what) {
    identity::Sent sent;
    sent.method = http::Method::Delete;
    sent.target = "/admin/v1/tenants/alpha/" + what;
    return this->send(sent);
  }

 protected:
  // `furnish` gets the AdminServices before there are routes.
  template <typename Furnish>
  explicit AdminOver(Furnish furnish) {
    furnish(static_cast<Bed&>(*this), services_);
    add_admin_routes(this->router_, services_);
    this->peer_.uid = 0;
    EXPECT_TRUE(this->wait(audit_.start("1.2.3")));
  }

 private:
  storage::TempDirectory directory_;
  FakeProcess process_;
  AuditLog audit_{this->shard(), this->store(), this->work_pool_, as_bytes("0123456789abcdef0123456789abcdef"),
                  directory_.path() + "/audit.log"};
  AdminServices services_{this->contexts_, audit_, process_, AdminBed::kOwnUid};
};

}  // namespace claviger::admin
