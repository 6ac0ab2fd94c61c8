// The body of a NOTIFY: the state document, protected as the subscription was asked for (TS 24.379 clauses 6.6.2, 6.6.3).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/registration/registrar.h"
#include "broker/registration/settings_document.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::registration {

struct NotifyBody {
  std::string content_type;
  std::string text;
};

// Identities of clients encrypted, the document signed, under the CSK of the subscription; under the client's newer one when
// that is gone. Without any key the document has no clients: nothing goes out in the clear that came in protected.
runtime::Task<Result<NotifyBody>> notify_body(Registrar* registrar, std::shared_ptr<const Subscription> subscription,
                                              std::shared_ptr<const std::vector<ClientState>> clients);

}  // namespace claviger::registration
