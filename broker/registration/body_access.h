// What is needed to read a request whose body is protected: keys that its own I_MESSAGEs bring, keys that its parts name and
// that were uploaded before (TS 24.379 clause 7.3.1A).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/registration/csk_opener.h"
#include "broker/registration/registrar.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "core/sip/multipart.h"

namespace claviger::registration {

inline constexpr std::string_view kMikeyType = "application/mikey";
// A service each.
inline constexpr std::size_t kUploadsMax = 4;

struct BodyAccess {
  BodyKeys keys;
  std::vector<ClientServerKeyRef> uploaded;

  // The one of that MC service ID; null: none was uploaded.
  ClientServerKeyRef uploaded_by(std::string_view mc_service_id) const;
};

// Whether there may be anything for access_body() to do.
bool is_protected(const sip::Message& message);

// Any shard; `parts` outlives the task. CskInvalid: an I_MESSAGE that cannot be opened; SipHeaderRepeated: too many of
// them; Unsupported without a KMS of ours; Overload; what the store says. A key that is named and not there is nothing yet:
// whoever needs it finds that out.
runtime::Task<Result<BodyAccess>> access_body(Registrar* registrar, const sip::Parts* parts, std::string impu);

// The same of a request that may not bring keys: they are uploaded in REGISTER and PUBLISH alone. CskInvalid: it does.
runtime::Task<Result<BodyAccess>> access_without_upload(Registrar* registrar, const sip::Received* received,
                                                        std::string impu);

}  // namespace claviger::registration
