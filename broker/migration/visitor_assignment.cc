#include "broker/migration/visitor_assignment.h"

#include "broker/subscriber/cx.h"
#include "core/diameter/names.h"

namespace claviger::migration {
namespace {

namespace result = subscriber::cx::result;

Assignment refused(std::uint32_t code, bool is_experimental) {
  Assignment answer;
  answer.refusal = code;
  answer.is_experimental = is_experimental;
  return answer;
}

}  // namespace

Assignment assign(const AssignmentAsked& asked, const VisitorRegistration& recorded, std::string_view pending) {
  const bool is_its_host = asked.is_of_own_realm || diameter::is_same_name(recorded.host, asked.host);
  const bool is_assigned = !recorded.server_name.empty() && recorded.server_name == asked.server_name && is_its_host;
  const bool is_pending = !pending.empty() && pending == asked.server_name;
  const bool is_anothers = !is_assigned && !is_pending && (!recorded.server_name.empty() || !pending.empty());
  const Assignment not_its_own = refused(diameter::result_code::kUnableToComply, false);
  const Assignment taken = refused(result::kIdentityAlreadyRegistered, true);
  Assignment answer;
  answer.ends_pending = is_pending;
  switch (asked.type) {
    case 0:  // NO_ASSIGNMENT: the profile, of one whom it serves
      answer.ends_pending = false;
      return is_assigned ? answer : not_its_own;
    case 1:  // REGISTRATION
    case 2:  // RE_REGISTRATION
      if (is_anothers) return taken;
      answer.next = VisitorRegistration{asked.server_name, asked.host, asked.realm, true};
      return answer;
    case 3:  // UNREGISTERED_USER: without a challenge, so nobody is taken over by it
      if (!is_assigned && (!recorded.server_name.empty() || !pending.empty())) return taken;
      if (recorded.is_registered) return refused(result::kInAssignmentType, true);
      answer.next = VisitorRegistration{asked.server_name, asked.host, asked.realm, false};
      return answer;
    case 9:   // AUTHENTICATION_FAILURE
    case 10:  // AUTHENTICATION_TIMEOUT: he stays what he was
      return is_anothers ? not_its_own : answer;
    case 6:  // TIMEOUT_ and USER_DEREGISTRATION_STORE_SERVER_NAME
    case 7:
      if (!is_assigned && !recorded.server_name.empty()) return not_its_own;
      if (is_assigned && recorded.is_registered) {
        answer.next = recorded;
        answer.next->is_registered = false;
      }
      return answer;
    case 4:  // TIMEOUT_, USER_, ADMINISTRATIVE_DEREGISTRATION, DEREGISTRATION_TOO_MUCH_DATA
    case 5:
    case 8:
    case 11:
      if (!is_assigned && !recorded.server_name.empty()) return not_its_own;
      answer.next = VisitorRegistration();
      return answer;
    default:  // and what came later: of one whom it serves
      answer.ends_pending = false;
      return is_assigned ? answer : not_its_own;
  }
}

}  // namespace claviger::migration
