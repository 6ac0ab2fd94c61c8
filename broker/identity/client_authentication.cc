#include "broker/identity/client_authentication.h"

#include <algorithm>
#include <optional>

#include "broker/identity/basic_credentials.h"
#include "broker/identity/client_assertion.h"
#include "broker/identity/client_cache.h"
#include "broker/identity/client_certificate.h"
#include "broker/identity/client_secret.h"
#include "broker/identity/endpoint_urls.h"
#include "broker/identity/former_client_secret.h"
#include "broker/identity/identity_shard.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/hex.h"
#include "core/crypto/digest.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

// How a caller says who it is. A certificate shows itself in the handshake and is no part of this.
enum class Means : std::uint8_t { Nothing, Basic, Post, Assertion };

// The former one is good for a while when it was rotated with an overlap.
enum class WhichSecret : std::uint8_t { Present, Former };

struct Presented {
  Means means = Means::Nothing;
  std::string client_id;       // empty: not said
  SecretBytes secret;          // Basic and Post
  std::string_view assertion;  // of the form
};

// RFC 6749 clause 2.3: one method in a request.
Result<Presented> read_presented(AssertionTools tools, const http::Request& request, const codec::Form& form) {
  const std::string_view authorization = request.field(http::Field::Authorization);
  const auto secret = form.find("client_secret");
  const auto assertion = form.find("client_assertion");
  if (request.is_repeated(http::Field::Authorization)) return Error{Code::ClientMethodsSeveral, "client.headers"};
  const int means = int{request.has(http::Field::Authorization)} + int{secret.has_value()} + int{assertion.has_value()};
  if (means > 1) return Error{Code::ClientMethodsSeveral, "client.methods"};

  Presented presented;
  if (request.has(http::Field::Authorization)) {
    CLAVIGER_TRY(credentials, parse_basic(authorization));
    presented.means = Means::Basic;
    presented.client_id = std::move(credentials.client_id);
    presented.secret = std::move(credentials.secret);
  } else if (secret) {
    presented.means = Means::Post;
    presented.secret = SecretBytes(as_bytes(*secret));
  } else if (assertion || form.find("client_assertion_type")) {
    if (!assertion || form.find("client_assertion_type") != kAssertionType) {
      return Error{Code::ClientAssertionInvalid, "client_assertion.type"};
    }
    CLAVIGER_TRY(subject, unverified_client_id(tools, *assertion));
    presented.means = Means::Assertion;
    presented.client_id = std::move(subject);
    presented.assertion = *assertion;
  }
  const std::string_view said = form.find("client_id").value_or(std::string_view());
  if (presented.client_id.empty()) presented.client_id = said;
  if (presented.client_id.empty()) return Error{Code::ClientMissing, "client.id"};
  if (!said.empty() && said != presented.client_id) return Error{Code::ClientIdDiffers, "client.id"};
  return presented;
}

}  // namespace

bool is_client_id(std::string_view text) {
  constexpr std::size_t kClientIdMax = 128;
  return !text.empty() && text.size() <= kClientIdMax && std::ranges::all_of(text, [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '.' || character == '_' || character == '~' ||
           character == '-';
  });
}

struct ClientAuthenticator::State {
  explicit State(Context& its_context) : context(its_context) {}

  Task<Result<ClientCache::EntryRef>> find(std::string tenant, std::string client_id);
  Task<Result<Unit>> check_assertion(std::string tenant, ClientCache::EntryRef entry, std::string assertion,
                                     std::string endpoint);
  // Of a disabled tenant, too: what its clients may have is their endpoints' to say.
  const broker::TenantView* view_of(std::string_view tenant) const;
  std::string endpoint_of(std::string_view tenant, const http::Request& request) const;
  Result<VerifiedAssertion> verify(std::string_view tenant, ClientCache::Entry& entry, std::string_view assertion,
                                   std::string_view endpoint);
  // `secret` outlives the task.
  Task<Result<WhichSecret>> check_secret(std::string tenant, ClientCache::EntryRef entry, const SecretBytes* secret);
  std::size_t entries_max() const { return context.snapshot->settings->limits.cached_clients_max; }
  AssertionTools tools() { return {reader, verify_context}; }

  Context& context;
  ClientCache cache;
  codec::JsonReader reader;
  crypto::VerifyContext verify_context;
};

ClientAuthenticator::ClientAuthenticator(Context& context) : state_(std::make_unique<State>(context)) {}
ClientAuthenticator::~ClientAuthenticator() = default;

ClientRef ClientAuthenticator::authenticate_seen(std::string_view tenant, const http::Request& request) {
  if (!request.has(http::Field::Authorization) || request.is_repeated(http::Field::Authorization)) return nullptr;
  ClientCache::EntryRef entry = state_->cache.find_seen(tenant, request.field(http::Field::Authorization));
  if (entry == nullptr) return nullptr;
  const Client* client = &entry->client;
  return ClientRef(std::move(entry), client);
}

bool ClientAuthenticator::agrees_with_form(const Client& client, const codec::Form& form) {
  for (const codec::FormField& field : form.fields()) {
    if (!field.name.starts_with("client_")) continue;
    if (field.name == "client_secret" || field.name == "client_assertion" || field.name == "client_assertion_type") {
      return false;
    }
    if (field.name == "client_id" && !field.value.empty() && field.value != client.client_id) return false;
  }
  return true;
}

Task<Result<ClientCache::EntryRef>> ClientAuthenticator::State::find(std::string tenant, std::string client_id) {
  if (!is_client_id(client_id)) co_return Error{Code::ClientUnknown, "client.id"};
  if (ClientCache::EntryRef cached = cache.find(tenant, client_id)) co_return cached;
  const std::uint64_t epoch = cache.epoch();
  auto value = co_await context.store.get(broker::tables::kClients, client_key(tenant, client_id));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::ClientUnknown, "client.id"};
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(client, decode_client(*value, client_id));
  if (cache.epoch() == epoch) co_return cache.insert(tenant, std::move(client), entries_max());
  // Some client was changed while we read: this record may be the old one. Good for this request, not for keeping.
  auto entry = std::make_shared<ClientCache::Entry>();
  entry->client = std::move(client);
  entry->is_stale = true;
  co_return entry;
}

Task<Result<WhichSecret>> ClientAuthenticator::State::check_secret(std::string tenant, ClientCache::EntryRef entry,
                                                                   const SecretBytes* secret) {
  const Client& client = entry->client;
  if (!client.secret_mac) co_return Error{Code::ClientSecretWrong, "client.secret"};
  const auto mac = client_secret_mac(context.identity->client_mac(), tenant, client.client_id, secret->reveal());
  if (equals_constant_time(mac, *client.secret_mac)) co_return WhichSecret::Present;
  CLAVIGER_CO_TRY(former, co_await read_former_secret(&context, std::move(tenant), client.client_id));
  if (former && equals_constant_time(mac, *former)) co_return WhichSecret::Former;
  co_return Error{Code::ClientSecretWrong, "client.secret"};
}

const broker::TenantView* ClientAuthenticator::State::view_of(std::string_view tenant) const {
  const auto found = context.snapshot->tenants.find(tenant);
  return found == context.snapshot->tenants.end() ? nullptr : &found->second;
}

// The URL of the endpoint that was asked, as the client knows it: at the place where it asked (mtls_endpoint_aliases).
std::string ClientAuthenticator::State::endpoint_of(std::string_view tenant, const http::Request& request) const {
  const broker::TenantView* view = view_of(tenant);
  const std::size_t slash = request.path.rfind('/');
  if (view == nullptr || slash == std::string_view::npos) return {};
  return endpoint_base_at(*context.snapshot->settings, view->tenant, request.authority)
      .append(request.path.substr(slash));
}

Result<VerifiedAssertion> ClientAuthenticator::State::verify(std::string_view tenant, ClientCache::Entry& entry,
                                                             std::string_view assertion, std::string_view endpoint) {
  const broker::TenantView* view = view_of(tenant);
  if (view == nullptr) return Error{Code::ClientUnknown, "client.tenant"};
  if (!entry.keys) {
    auto keys = crypto::read_jwks(reader, entry.client.jwks);
    if (!keys) return Error{Code::ClientAssertionInvalid, "client.jwks"};
    entry.keys = *std::move(keys);
  }
  const std::string token_endpoint = token_endpoint_url(*context.snapshot->settings, view->tenant);
  const AssertionExpectation expected{.client_id = entry.client.client_id,
                                      .issuer = view->tenant.issuer,
                                      .token_endpoint = token_endpoint,
                                      .asked_endpoint = endpoint,
                                      .now = numeric_date(context.shard.wall())};
  return verify_assertion(tools(), assertion, *entry.keys, expected);
}

// RFC 7523 clause 3, item 7: a jti is good once. It is remembered durably before the answer, on whichever shard: two
// racing uses meet in the store.
Task<Result<Unit>> ClientAuthenticator::State::check_assertion(std::string tenant, ClientCache::EntryRef entry,
                                                               std::string assertion, std::string endpoint) {
  CLAVIGER_CO_TRY(verified, verify(tenant, *entry, assertion, endpoint));
  std::string digest;
  codec::hex_encode(crypto::sha256(as_bytes(verified.jti)), digest);
  const std::string key = broker::record_key({tenant, entry->client.client_id, digest});
  storage::Transaction transaction;
  transaction.expect_absent(broker::tables::kAssertions, key);
  transaction.put(broker::tables::kAssertions, key, {}, verified.expires_at + 2 * kAssertionLeeway.count());
  auto committed = co_await context.store.commit(std::move(transaction));
  if (committed.failed_with(Code::Conflict)) co_return Error{Code::TokenReplayed, "client_assertion.jti"};
  if (!committed) co_return committed.error();
  co_return Unit{};
}

Task<Result<ClientRef>> ClientAuthenticator::authenticate(std::string tenant, const http::Request* request,
                                                          const codec::Form* form) {
  State& state = *state_;
  CLAVIGER_CO_TRY(presented, read_presented(state.tools(), *request, *form));
  CLAVIGER_CO_TRY(entry, co_await state.find(tenant, presented.client_id));
  const Client& client = entry->client;
  if (!client.is_enabled) co_return Error{Code::ClientDisabled, "client"};

  switch (client.authentication) {
    case ClientAuthentication::None:
      if (presented.means != Means::Nothing) co_return Error{Code::ClientMethodWrong, "client.method"};
      break;
    case ClientAuthentication::SecretBasic: {
      if (presented.means != Means::Basic && presented.means != Means::Post) {
        co_return Error{Code::ClientMethodWrong, "client.method"};
      }
      const SecretBytes* secret = &presented.secret;
      CLAVIGER_CO_TRY(which, co_await state.check_secret(tenant, entry, secret));
      // What is remembered is not looked at again, and a former secret ends without a change of the record.
      if (presented.means == Means::Basic && which == WhichSecret::Present) {
        state.cache.remember_seen(tenant, request->field(http::Field::Authorization), entry, state.entries_max());
      }
      break;
    }
    case ClientAuthentication::PrivateKeyJwt: {
      if (presented.means != Means::Assertion) co_return Error{Code::ClientMethodWrong, "client.method"};
      std::string assertion(presented.assertion);
      std::string endpoint = state.endpoint_of(tenant, *request);
      CLAVIGER_CO_TRY(right, co_await state.check_assertion(tenant, entry, std::move(assertion), std::move(endpoint)));
      break;
    }
    case ClientAuthentication::TlsClientAuth:
    case ClientAuthentication::SelfSignedTlsClientAuth: {
      if (presented.means != Means::Nothing) co_return Error{Code::ClientMethodWrong, "client.method"};
      CLAVIGER_CO_TRY(right, check_client_certificate(client, *request->peer));
      break;
    }
  }
  const Client* found = &entry->client;
  co_return ClientRef(std::move(entry), found);
}

Task<Result<ClientRef>> ClientAuthenticator::find(std::string tenant, std::string client_id) {
  CLAVIGER_CO_TRY(entry, co_await state_->find(std::move(tenant), std::move(client_id)));
  const Client* found = &entry->client;
  co_return ClientRef(std::move(entry), found);
}

ClientRef ClientAuthenticator::find_cached(std::string_view tenant, std::string_view client_id) {
  ClientCache::EntryRef entry = state_->cache.find(tenant, client_id);
  if (entry == nullptr) return nullptr;
  const Client* found = &entry->client;
  return ClientRef(std::move(entry), found);
}

void ClientAuthenticator::forget(std::string_view tenant, std::string_view client_id) {
  state_->cache.forget(tenant, client_id);
}

}  // namespace claviger::identity
