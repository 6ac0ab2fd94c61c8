#include "broker/identity/id_token_hint.h"

#include "broker/identity/identity_shard.h"
#include "broker/identity/pairwise_subject.h"
#include "broker/identity/request_form.h"

namespace claviger::identity {

Result<std::string> read_id_token_hint(broker::Context& context, const broker::TenantView& tenant, const Client& client,
                                       const codec::Form& form) {
  const std::string_view text = optional(form, "id_token_hint");
  if (text.empty()) return std::string();
  CLAVIGER_TRY(hint, read_logout_hint(context, tenant, text));
  return subject_of_hint(hint, client.client_id);
}

Result<std::string> subject_of_hint(const LogoutHintClaims& hint, std::string_view client_id) {
  // Another client's token says nothing about whom this one knows; its pairwise name would be another one, too.
  if (hint.client_id != client_id || hint.sub.empty()) return Error{Code::LogoutHint, "authorize.id_token_hint"};
  return hint.sub;
}

bool is_hinted_user(const broker::Context& context, std::string_view tenant, const Client& client,
                    std::string_view subject, std::string_view sub) {
  return subject.empty() || subject == subject_for(context.identity->subject_mac(), tenant, client, sub);
}

}  // namespace claviger::identity
