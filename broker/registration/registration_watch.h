// Our own subscription to the registration events of a public identity (RFC 3680, TS 24.229 clause 5.7.1.1), where the operator
// wants it ([sip] reg_event): the core's third-party REGISTERs tell the beginning, its NOTIFYs the rest.
//
// Record of tables::kSubscriptions, key tenant NUL "w" NUL local-tag; the Registration has the tag. Everything runs at the home
// shard of the identity; a row of the outbox ("sip.w.") subscribes, refreshes and tries again. It goes with the registration.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/registration/change.h"
#include "broker/registration/registrar.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "core/sip/endpoint.h"
#include "core/sip/message.h"

namespace claviger::registration {

// RFC 3680 clause 4.2.
inline constexpr std::uint32_t kWatchInterval = 3761;
// Before its end, so that a lost refresh can be repeated.
inline constexpr std::int64_t kWatchMargin = 120;

struct RegistrationWatch {
  std::string local_tag;
  std::string impu;
  std::string s_cscf;  // where it is sent while there is no dialog
  std::string call_id, remote_tag, remote_target;
  std::vector<std::string> routes;
  std::uint32_t local_sequence = 0;
  std::uint32_t remote_sequence = 0;
  std::int64_t heard = -1;  // version of the last document
  std::int64_t expires_at = 0;
  std::int64_t timer_due = 0;
  std::uint64_t version = 0;  // of the record; not stored in it
};

std::string watch_key(std::string_view tenant, std::string_view local_tag);
std::string encode(const RegistrationWatch& watch);
// Corrupt, SchemaTooNew.
Result<RegistrationWatch> decode_watch(const storage::Value& value, std::string_view local_tag);

// Within a change of the registration, which is put by the caller: begins one, if it is wanted and there is none at that
// S-CSCF.
runtime::Task<Result<Unit>> begin_watch(Change* change, Registration* registration);
// The registration goes.
void end_watch(Change& change, const Registration& registration);

// Whether two S-CSCFs are one, by host and port of their URIs: the rest of a Contact may be of the registration alone.
bool is_same_server(std::string_view first, std::string_view second);

// Home of the identity: the row is due. Refused, and DeadlinePassed while a SUBSCRIBE of it is under way: the outbox comes back.
runtime::Task<Result<Unit>> tend_watch(Registrar* registrar, std::string impu, std::string local_tag, std::int64_t due);

// What a NOTIFY says, as values. SipHeaderMissing, SipSyntax, ContentUnsupported, and what parse_reginfo() says.
struct RegNotify;
Result<std::shared_ptr<const RegNotify>> read_reg_notify(const sip::Message& message);
// Any shard. DialogUnknown, RequestSequence.
runtime::Task<Result<Unit>> hear_reg_notify(Registrar* registrar, std::shared_ptr<const RegNotify> notify);

}  // namespace claviger::registration
