// Cx requests as values of this room's procedures, and their results as answers (TS 29.229 clauses 6.1 and 6.2).
//
// Requests were checked against the dictionary (cx.h). Every answer says whom it is about, errors too: S-CSCFs look for
// User-Name and Public-Identity before they look at the result. Functions of a message; on its shard.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/subscriber/registration_procedures.h"
#include "broker/subscriber/vector_procedure.h"
#include "core/base/result.h"
#include "core/diameter/message.h"
#include "core/diameter/message_builder.h"

namespace claviger::subscriber {

// Of which tenant, and whose realm is home, with all within it: another one is a serving domain of its own.
struct CxPlace {
  std::string_view tenant;
  std::string_view realm;
};

// AvpValue: a SIP-Authorization that is not 30 octets, a group that is not well formed.
Result<VectorRequest> read_multimedia_auth(const diameter::Message& request, const CxPlace& place);
Result<AuthorizationRequest> read_user_authorization(const diameter::Message& request, const CxPlace& place);
Result<AssignmentRequest> read_server_assignment(const diameter::Message& request, const CxPlace& place);
Result<LocationRequest> read_location_info(const diameter::Message& request, const CxPlace& place);

// Of base (RFC 6733) when `is_experimental` is false. The one table of this room.
struct CxResult {
  std::uint32_t code;
  bool is_experimental;
};
CxResult cx_result_of(Code code);

// Whether the sender insists (M) on features of TS 29.229 clause 7.2: there are none of them here.
bool requires_features(const diameter::Message& request);
void write_feature_unsupported(const diameter::Message& request, diameter::MessageBuilder& answer);

// `answer` comes from Request::answer_builder(): identifiers and origin are in it.
void write_multimedia_auth(const diameter::Message& request, const Result<VectorAnswer>& made,
                           diameter::MessageBuilder& answer);
void write_user_authorization(const diameter::Message& request, const Result<AuthorizationAnswer>& made,
                              diameter::MessageBuilder& answer);
void write_server_assignment(const diameter::Message& request, const Result<AssignmentAnswer>& made,
                             diameter::MessageBuilder& answer);
void write_location_info(const diameter::Message& request, const Result<LocationAnswer>& made,
                         diameter::MessageBuilder& answer);

}  // namespace claviger::subscriber
