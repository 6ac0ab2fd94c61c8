#include "broker/identity/authenticators/authenticator_procedures.h"

#include <algorithm>

#include "broker/identity/authenticators/authenticator.h"
#include "broker/identity/authenticators/failed_codes.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/session_records.h"
#include "broker/identity/user_records.h"
#include "broker/identity/user_revocations.h"
#include "broker/tables.h"
#include "broker/tokens/revocations.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/utf8.h"
#include "core/runtime/call.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr std::size_t kLabelBytesMax = 64;
// A certificate's URI (crypto::kSubjectNameBytesMax) is longer than a token's number.
constexpr std::size_t kSerialBytesMax = 512;
bool is_plain_text(std::string_view text, std::size_t bytes_max) {
  return text.size() <= bytes_max && codec::is_utf8(text) && std::ranges::none_of(text, [](char character) {
           const auto byte = static_cast<unsigned char>(character);
           return byte < 0x20 || byte == 0x7F;
         });
}

Result<Unit> check_draft(const AuthenticatorDraft& draft) {
  if (find_authenticator(draft.kind) == nullptr) return Error{Code::AuthenticatorRefused, "authenticator.kind"};
  if (!is_plain_text(draft.label, kLabelBytesMax)) return Error{Code::AuthenticatorRefused, "authenticator.label"};
  if (!is_plain_text(draft.serial, kSerialBytesMax)) return Error{Code::AuthenticatorRefused, "authenticator.serial"};
  return Unit{};
}

Result<EnrolledAuthenticator> make_record(Context& context, const Enrollee& user, const AuthenticatorDraft& draft) {
  EnrolledAuthenticator made;
  AuthenticatorRecord& record = made.record;
  record.kind = draft.kind;
  record.label = draft.label;
  record.created_at = numeric_date(context.shard.wall());
  CLAVIGER_TRY(id, context.tokens->random_id());
  record.id.assign(id.data(), id.size());
  CLAVIGER_TRY(filled, find_authenticator(draft.kind)->make(context, user, draft, made));
  return made;
}

Task<Result<EnrolledAuthenticator>> add_at_home(Context* context, std::string tenant, std::string sub,
                                                AuthenticatorDraft draft) {
  auto turn = co_await context->identity->turns().take(home_name("user", tenant, sub));
  if (!turn) co_return turn.error();
  const AuthenticatorDraft* kept = &draft;
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    CLAVIGER_CO_TRY(user, co_await read_user(context, tenant, sub));
    CLAVIGER_CO_TRY(enrolled, co_await read_authenticators(context, tenant, sub));
    CLAVIGER_CO_TRY(view, tenant_of(*context, tenant));
    const std::string name = view->tenant.display_name.empty() ? tenant : view->tenant.display_name;
    const Enrollee enrollee{tenant, name, sub, user.login};
    CLAVIGER_CO_TRY(made, make_record(*context, enrollee, *kept));
    const bool is_new = std::ranges::none_of(enrolled, [&made](const AuthenticatorRecord& record) {
      return record.kind == made.record.kind && record.id == made.record.id;
    });
    if (is_new && enrolled.size() >= kAuthenticatorsMax) {
      co_return Error{Code::AuthenticatorRefused, "authenticator.count"};
    }
    storage::Transaction transaction;
    transaction.expect_version(tables::kUsers, user_key(tenant, sub), user.version);
    transaction.put(tables::kUsers, user_key(tenant, sub), as_bytes(encode_user(user)));
    claim_credential(transaction, tenant, sub, made.record);
    forget_wrong_codes(transaction, tenant, sub);
    transaction.put(tables::kAuthenticators, authenticator_key(tenant, sub, made.record.kind, made.record.id),
                    as_bytes(encode_authenticator(made.record)));
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed) co_return made;
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
    if (made.record.serial.empty()) continue;
    std::string kind = made.record.kind;
    std::string serial = made.record.serial;
    CLAVIGER_CO_TRY(taken, co_await find_credential(context, tenant, std::move(kind), std::move(serial)));
    if (taken) co_return Error{Code::AuthenticatorTaken, "authenticator.serial"};
  }
  co_return Error{Code::Conflict, "authenticator.add"};
}

Task<Result<Unit>> remove_at_home(Context* context, std::string tenant, std::string sub, std::string id) {
  auto turn = co_await context->identity->turns().take(home_name("user", tenant, sub));
  if (!turn) co_return turn.error();
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    CLAVIGER_CO_TRY(user, co_await read_user(context, tenant, sub));
    CLAVIGER_CO_TRY(enrolled, co_await read_authenticators(context, tenant, sub));
    std::erase_if(enrolled, [&id](const AuthenticatorRecord& record) { return record.id != id; });
    if (enrolled.empty()) co_return Error{Code::AuthenticatorUnknown, "authenticator.id"};
    CLAVIGER_CO_TRY(revocations, co_await revocations_of_user(context, tenant, sub));
    storage::Transaction transaction;
    const AuthenticatorRecord& gone = enrolled.front();
    transaction.expect_version(tables::kAuthenticators, authenticator_key(tenant, sub, gone.kind, gone.id),
                               gone.version);
    erase_authenticators(transaction, tenant, sub, enrolled);
    // In one transaction: whoever asks again finds it gone already, and his sessions must be dead then, too.
    const WallTime now = context->shard.wall();
    transaction.expect_version(tables::kUsers, user_key(tenant, sub), user.version);
    user.not_before = std::max(user.not_before, numeric_date(now) + 1);
    transaction.put(tables::kUsers, user_key(tenant, sub), as_bytes(encode_user(user)));
    for (const tokens::Revocation& revocation : revocations) tokens::add_revocation(transaction, tenant, revocation);
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed.failed_with(Code::Conflict)) continue;
    if (!committed) co_return committed.error();
    CLAVIGER_CO_TRY(published, co_await tokens::publish_revocations(context, std::move(revocations)));
    CLAVIGER_CO_TRY(marked, co_await mark_sessions_revoked(context, tenant, sub));
    co_return Unit{};
  }
  co_return Error{Code::Conflict, "authenticator.remove"};
}

}  // namespace

Task<Result<EnrolledAuthenticator>> add_authenticator(Context* context, std::string tenant, std::string sub,
                                                      AuthenticatorDraft draft) {
  CLAVIGER_CO_TRY(checked, check_draft(draft));
  runtime::Shard* home = &context->home_of(home_name("user", tenant, sub));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), sub = std::move(sub), draft = std::move(draft)]() mutable {
    return add_at_home(there, std::move(tenant), std::move(sub), std::move(draft));
  };
  auto made = co_await runtime::call_on(home, std::move(start));
  co_return made;
}

Task<Result<std::vector<AuthenticatorRecord>>> list_authenticators(Context* context, std::string tenant,
                                                                   std::string sub) {
  return read_authenticators(context, std::move(tenant), std::move(sub));
}

Task<Result<Unit>> remove_authenticator(Context* context, std::string tenant, std::string sub, std::string id) {
  if (id.find('\0') != std::string::npos) co_return Error{Code::AuthenticatorUnknown, "authenticator.id"};
  runtime::Shard* home = &context->home_of(home_name("user", tenant, sub));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), sub = std::move(sub), id = std::move(id)]() mutable {
    return remove_at_home(there, std::move(tenant), std::move(sub), std::move(id));
  };
  co_return co_await runtime::call_on(home, std::move(start));
}

}  // namespace claviger::identity
