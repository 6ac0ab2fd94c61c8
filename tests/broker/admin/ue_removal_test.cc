// `ue remove` and the MC services on the UE, also when the one before was cut short.
#include <gtest/gtest.h>

#include "broker/identity/ue_procedures.h"
#include "tests/broker/admin/admin_over.h"
#include "tests/broker/registration/registration_bed.h"

namespace claviger::admin {
namespace {

class UeRemovalBed : public AdminOver<registration::RegistrationBed> {
 public:
  UeRemovalBed()
      : AdminOver([](RegistrationBed& bed, AdminServices& services) { services.registrar = bed.registrar(); }) {
    EXPECT_EQ(register_at(), Code::Closed);
  }

  // A registered UE with a service on it.
  void add_ue(const std::string& ue_id) {
    ASSERT_TRUE(wait(identity::create_ue(context(), "alpha", ue_id, identity::UeChange())));
    ASSERT_TRUE(authorise(ue_id));
    ASSERT_TRUE(has_access(ue_id));
  }
  bool is_gone(const std::string& ue_id) {
    return wait(identity::find_ue(context(), "alpha", ue_id)).failed_with(Code::UeUnknown);
  }
};

TEST(UeRemoval, EndsItsServices) {
  UeRemovalBed bed;
  bed.add_ue("truck");
  EXPECT_TRUE(bed.authorise("own"));
  EXPECT_EQ(bed.remove("ues/truck").status, 200);
  EXPECT_TRUE(bed.is_gone("truck"));
  EXPECT_EQ(bed.binding("truck").ended, registration::EndReason::Revoked);
  EXPECT_TRUE(bed.has_access("own"));
  EXPECT_EQ(bed.remove("ues/truck").member("code"), "UeUnknown");
  EXPECT_TRUE(bed.has_access("own"));
}

// The record went, and whoever removed it came no further.
TEST(UeRemoval, EndsWhatAFormerOneLeft) {
  UeRemovalBed bed;
  bed.add_ue("truck");
  ASSERT_TRUE(bed.wait(identity::remove_ue(bed.context(), "alpha", "truck")));
  ASSERT_TRUE(bed.has_access("truck"));
  EXPECT_EQ(bed.remove("ues/truck").member("code"), "UeUnknown");
  EXPECT_EQ(bed.binding("truck").ended, registration::EndReason::Revoked);
}

}  // namespace
}  // namespace claviger::admin
