#include "broker/identity/authenticators/aka_sign_in.h"

#include <algorithm>
#include <memory>

#include "broker/identity/authenticators/aka_challenge.h"
#include "broker/identity/authenticators/authenticator_draft.h"
#include "broker/identity/authenticators/connection_sign_in.h"
#include "broker/identity/authenticators/second_step_answer.h"
#include "broker/identity/authorization_request.h"
#include "broker/identity/authorization_response.h"
#include "broker/identity/client_name.h"
#include "broker/identity/consent_endpoint.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/oauth_error.h"
#include "broker/identity/proxies.h"
#include "broker/identity/sign_in_procedure.h"
#include "broker/identity/sign_in_throttle.h"
#include "core/crypto/random.h"
#include "core/http/problem.h"
#include "core/runtime/call.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;
using Kind = SignInOutcome::Kind;

// Of a vector for nobody: as long as Milenage's.
constexpr std::size_t kDecoyResponseBytes = 8;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Tries of one identity are counted in one place, under a name that is nobody's login.
std::string throttle_name(std::string_view private_identity) { return "aka " + std::string(private_identity); }

// Runs at the identity's home.
Task<Result<Milliseconds>> count_try(Context* there, std::string tenant, std::string name, std::string source) {
  const auto verdict =
      there->identity->throttle().begin(there->snapshot->settings->limits, tenant, name, source, there->shard.now());
  if (verdict.is_admitted) co_return Milliseconds(0);
  co_return std::max(verdict.retry_after, Milliseconds(1));
}
Task<Result<Unit>> forget_tries(Context* there, std::string tenant, std::string name, std::string source) {
  there->identity->throttle().passed(tenant, name, source, there->shard.now());
  co_return Unit{};
}

// How long to wait; zero: go on.
Task<Result<Milliseconds>> admit(Context* context, std::string tenant, std::string private_identity,
                                 std::string source) {
  const std::string name = throttle_name(private_identity);
  runtime::Shard* home = &context->home_of(home_name("login", tenant, name));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), name, source = std::move(source)] {
    return count_try(there, tenant, name, source);
  };
  auto verdict = co_await runtime::call_on(home, std::move(start));
  co_return verdict;
}
Task<Result<Unit>> remember(Context* context, std::string tenant, std::string private_identity, std::string source) {
  const std::string name = throttle_name(private_identity);
  runtime::Shard* home = &context->home_of(home_name("login", tenant, name));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), name, source = std::move(source)] {
    return forget_tries(there, tenant, name, source);
  };
  auto done = co_await runtime::call_on(home, std::move(start));
  co_return done;
}

// Nobody can answer it, and nobody sees that.
Result<SubscriberVector> decoy() {
  SubscriberVector vector;
  CLAVIGER_TRY(rand, crypto::fill_random(vector.rand));
  CLAVIGER_TRY(autn, crypto::fill_random(vector.autn));
  vector.expected_response = SecretBytes(kDecoyResponseBytes);
  CLAVIGER_TRY(response, crypto::fill_random(vector.expected_response.reveal_for_writing()));
  return vector;
}

http::Response refused(std::string_view tenant, Code code, const http::Request& request, std::uint32_t seconds = 0) {
  return local_error_response(tenant, {code, "sign_in.aka"}, request, seconds);
}

// A new challenge: with `resynchronisation` behind one. Every 401 counts as a try, until one is answered.
Task<http::Response> ask(Context* context, SubscriberVectors* vectors, std::string tenant, std::string sealed,
                         std::string private_identity, SecretBytes resynchronisation, const http::Request* request) {
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return http::problem(404);
  const std::string realm = view->tenant.issuer;
  std::string source = source_of(*context->snapshot->settings, *request);
  auto wait = co_await admit(context, tenant, private_identity, std::move(source));
  if (!wait) co_return refused(tenant, Code::Overload, *request, kRetryAfterOverload);
  if (*wait != Milliseconds(0)) {
    const auto seconds = static_cast<std::uint32_t>(std::chrono::ceil<Seconds>(*wait).count());
    co_return refused(tenant, Code::SignInThrottled, *request, seconds);
  }
  const bool is_resynchronisation = !resynchronisation.empty();
  auto vector = co_await vectors->next(tenant, private_identity, std::move(resynchronisation));
  const bool is_nobody = vector.failed_with(Code::UserUnknown) || vector.failed_with(Code::SubscriberDisabled);
  if (is_nobody && !is_resynchronisation) vector = decoy();
  if (vector.failed_with(Code::AkaThrottled)) {
    co_return refused(tenant, Code::SignInThrottled, *request, kRetryAfterOverload);
  }
  const bool is_wrong = is_nobody || vector.failed_with(Code::AutsInvalid);
  if (!vector && is_wrong) co_return refused(tenant, Code::AccessDenied, *request);
  if (!vector) co_return refused(tenant, vector.error().code, *request);
  AkaChallenge challenge;
  challenge.private_identity = std::move(private_identity);
  challenge.interaction = std::move(sealed);
  challenge.vector = *std::move(vector);
  const auto opaque = seal_challenge(context->keys.interaction, tenant, challenge);
  if (!opaque) co_return refused(tenant, opaque.error().code, *request);
  aka::DigestChallenge field;
  field.realm = realm;
  field.nonce = aka::digest_nonce(challenge.vector.rand, challenge.vector.autn);
  field.opaque = *opaque;
  http::Response response = oauth_error_response({Code::LoginRequired, "sign_in.aka"});
  response.status = 401;
  response.with("www-authenticate", aka::write_digest_challenge(field));
  co_return response;
}

// digest-uri names what was asked for (RFC 2617 clause 3.2.2.5): the target as sent, or an absolute URI that ends in it.
bool is_of_request(std::string_view uri, const http::Request& request) {
  std::string target(request.path);
  if (!request.query.empty()) target.append("?").append(request.query);
  if (uri == target) return true;
  const std::string absolute = "https://" + std::string(request.authority) + target;
  return uri == absolute;
}

// Whose module it is; as http authenticators of a connection.
std::vector<ProvedCredential> credential_of(std::string_view private_identity) {
  return {{std::string(kAkaKind), std::string(kSerialPrefix) + std::string(private_identity)}};
}

ResponseTarget target_of(const Interaction& interaction) {
  return {interaction.redirect_uri, interaction.state, interaction.response_mode, interaction.language};
}

http::Response answer(Context& context, const broker::TenantView& view, const Interaction& interaction,
                      const SignInOutcome& outcome, std::string_view application, const http::Request& request) {
  switch (outcome.kind) {
    case Kind::Passed:
      if (outcome.must_ask_consent) {
        return ask_consent(context, view, request, ConsentQuestion{interaction, outcome.code, application});
      }
      return code_response(view.tenant, target_of(interaction), outcome.code);
    case Kind::NextStep: {
      auto asked = ask_next_step(context, view, interaction, outcome, request, application, {});
      if (!asked) return local_error_response(view.tenant.name, asked.error(), request);
      return *std::move(asked);
    }
    case Kind::EnrolFirst:
      return refusal_response(view.tenant, target_of(interaction), {Code::EnrolmentRequired, "sign_in.aka"});
    case Kind::Unmet:
      return refusal_response(view.tenant, target_of(interaction), {Code::AuthenticationTooWeak, "sign_in.aka"});
    default:
      return refusal_response(view.tenant, target_of(interaction), {Code::AccessDenied, "sign_in.aka"});
  }
}

// The response was right: from here as any sign-in by a connection.
Task<http::Response> pass(Context* context, std::string tenant, Interaction interaction, std::string private_identity,
                          const http::Request* request) {
  std::string client_id = interaction.client_id;
  const auto client = co_await context->identity->clients().find(tenant, std::move(client_id));
  if (!client) co_return local_error_response(tenant, client.error(), *request);
  if (const auto checked = check_destination(**client, interaction.redirect_uri); !checked) {
    co_return refused(tenant, checked.error().code, *request);
  }
  const std::string source = source_of(*context->snapshot->settings, *request);
  auto remembered = co_await remember(context, tenant, private_identity, source);
  if (!remembered) co_return refused(tenant, Code::Overload, *request, kRetryAfterOverload);
  std::vector<ProvedCredential> proved = credential_of(private_identity);
  std::string acr = interaction.acr;
  auto connected = co_await user_of_connection(context, tenant, std::move(proved), std::move(acr));
  if (!connected) co_return local_error_response(tenant, connected.error(), *request);
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return http::problem(404);
  if (!*connected) {
    // A subscriber who is bound to nobody here, or whose context the client does not take.
    co_return refusal_response(view->tenant, target_of(interaction), {Code::AccessDenied, "sign_in.aka"});
  }
  SignIn wanted;
  wanted.tenant = tenant;
  wanted.interaction = interaction;
  wanted.interaction.progress = encode_progress((*connected)->progress);
  wanted.source = source;
  wanted.step = SignIn::Step::Connection;
  wanted.credential_id = (*connected)->credential_id;
  const auto outcome = co_await sign_in(context, std::move(wanted));
  view = context->snapshot->find(tenant);
  if (view == nullptr) co_return http::problem(404);
  if (!outcome) {
    const bool is_for_client = outcome.failed_with(Code::ScopeNothing) || outcome.failed_with(Code::LoginRequired);
    if (is_for_client) co_return refusal_response(view->tenant, target_of(interaction), outcome.error());
    co_return local_error_response(tenant, outcome.error(), *request);
  }
  co_return answer(*context, *view, interaction, *outcome, name_for_people(**client), *request);
}

}  // namespace

Result<std::string> canonical_impi(std::string_view text) {
  const std::size_t at = text.rfind('@');
  const bool is_nai = text.size() <= kPrivateIdentityMax && at != std::string_view::npos && at != 0 &&
                      at + 1 < text.size() && std::ranges::all_of(text, [](char c) {
                        const auto octet = static_cast<unsigned char>(c);
                        return octet > 0x20 && octet != 0x7F;
                      });
  if (!is_nai) return Error{Code::BadValue, "sign_in.impi"};
  std::string canonical(text);
  std::transform(canonical.begin() + static_cast<std::ptrdiff_t>(at), canonical.end(),
                 canonical.begin() + static_cast<std::ptrdiff_t>(at), lower);
  return canonical;
}

Result<AkaRequest> read_aka_request(const http::Request& request) {
  AkaRequest read;
  const std::string_view field = request.field(http::Field::Authorization);
  if (field.empty()) return read;
  auto parameters = aka::parse_digest(field);
  if (parameters.failed_with(Code::Unsupported)) return read;
  if (!parameters) return parameters.error();
  if (request.is_repeated(http::Field::Authorization)) return Error{Code::ParameterRepeated, "digest"};
  const auto value_of = [&](std::string_view name) {
    const auto found = std::ranges::find(*parameters, name, &aka::DigestParameter::name);
    return found == parameters->end() ? std::string() : found->value;
  };
  if (value_of("nonce").empty()) {
    CLAVIGER_TRY(impi, canonical_impi(value_of("username")));
    read.kind = AkaRequest::Kind::First;
    read.private_identity = impi;
    return read;
  }
  CLAVIGER_TRY(credentials, aka::parse_digest_credentials(field));
  read.kind = AkaRequest::Kind::Answer;
  read.credentials = std::move(credentials);
  return read;
}

Task<http::Response> challenge_module(Context* context, SubscriberVectors* vectors, std::string tenant,
                                      Interaction interaction, std::string private_identity,
                                      const http::Request* request) {
  auto sealed = seal_interaction(context->keys.interaction, tenant, interaction);
  if (!sealed) co_return refused(tenant, sealed.error().code, *request);
  std::string text = *std::move(sealed);
  SecretBytes none;
  co_return co_await ask(context, vectors, std::move(tenant), std::move(text), std::move(private_identity),
                         std::move(none), request);
}

Task<http::Response> answer_from_module(Context* context, SubscriberVectors* vectors, std::string tenant,
                                        aka::DigestCredentials credentials, const http::Request* request) {
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return http::problem(404);
  auto opened = open_challenge(context->keys.interaction, tenant, credentials.opaque);
  if (!opened) co_return refused(tenant, opened.error().code, *request);
  AkaChallenge challenge = *std::move(opened);
  const auto interaction =
      open_interaction(context->keys.interaction, tenant, challenge.interaction, numeric_date(context->shard.wall()));
  if (!interaction) co_return refused(tenant, interaction.error().code, *request);
  const auto impi = canonical_impi(credentials.username);
  const bool is_ours = impi && *impi == challenge.private_identity && credentials.realm == view->tenant.issuer &&
                       credentials.nonce == aka::digest_nonce(challenge.vector.rand, challenge.vector.autn) &&
                       credentials.algorithm == aka::DigestAlgorithm::AkaV1 && is_of_request(credentials.uri, *request);
  if (!is_ours) co_return refused(tenant, Code::InteractionInvalid, *request);
  if (!credentials.auts.empty()) {
    const auto auts = aka::read_auts(credentials.auts);
    if (!auts) co_return refused(tenant, Code::ParameterMalformed, *request);
    SecretBytes both(aka::kResynchronisationBytes);
    std::ranges::copy(challenge.vector.rand, both.reveal_for_writing().begin());
    std::ranges::copy(*auts, both.reveal_for_writing().subspan(aka::kRandBytes).begin());
    co_return co_await ask(context, vectors, std::move(tenant), std::move(challenge.interaction),
                           std::move(challenge.private_identity), std::move(both), request);
  }
  // The module takes us for somebody else: nothing that it could be asked again.
  if (credentials.response.empty()) co_return refused(tenant, Code::AccessDenied, *request);
  const bool is_right =
      aka::is_right_response(credentials, http::name_of(request->method), challenge.vector.expected_response.reveal());
  if (!is_right) {
    SecretBytes none;
    co_return co_await ask(context, vectors, std::move(tenant), std::move(challenge.interaction),
                           std::move(challenge.private_identity), std::move(none), request);
  }
  Interaction passed = *interaction;
  co_return co_await pass(context, std::move(tenant), std::move(passed), std::move(challenge.private_identity),
                          request);
}

}  // namespace claviger::identity
