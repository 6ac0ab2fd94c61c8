#include "broker/identity/consent_endpoint.h"

#include "broker/identity/authorization_code.h"
#include "broker/identity/authorization_response.h"
#include "broker/identity/client_authentication.h"
#include "broker/identity/consent.h"
#include "broker/identity/interaction_cookie.h"
#include "broker/identity/page.h"
#include "broker/identity/page_language.h"
#include "broker/identity/request_form.h"
#include "broker/identity/requested_claims.h"
#include "broker/identity/sealed_text.h"
#include "broker/identity/secret_body.h"
#include "core/codec/form.h"
#include "core/codec/hex.h"
#include "core/codec/json_writer.h"
#include "core/codec/percent.h"
#include "core/crypto/digest.h"
#include "core/http/problem.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

constexpr std::string_view kPurpose = "consent";

// What the page carries, as a form.
struct Waiting {
  SecretBytes code;
  std::string redirect_uri;
  std::string state;
  std::string language;
  ResponseMode response_mode = ResponseMode::Query;
};

std::string hex_of(Bytes bytes) {
  std::string text;
  codec::hex_encode(bytes, text);
  return text;
}

Result<std::string> seal_question(const Context& context, std::string_view tenant, const ConsentQuestion& question) {
  const Interaction& interaction = question.interaction;
  std::string plaintext;
  // Every octet escaped: it must not move, or the code would be left behind in freed memory.
  plaintext.reserve(512 + 3 * (question.code.size() + interaction.redirect_uri.size() + interaction.state.size()));
  const std::int64_t expires_at =
      numeric_date(context.shard.wall()) + context.snapshot->settings->lifetimes.interaction.count();
  codec::FormWriter writer(plaintext);
  writer.add("code", as_text(question.code.reveal())).add("redirect_uri", interaction.redirect_uri);
  writer.add("state", interaction.state).add("language", interaction.language);
  writer.add("mode", interaction.response_mode == ResponseMode::FormPost ? "form_post" : "query");
  writer.add("cookie", hex_of(interaction.cookie_digest)).add("expires_at", std::to_string(expires_at));
  auto sealed = seal_text(context.keys.interaction, kPurpose, tenant, plaintext);
  wipe(std::as_writable_bytes(std::span(plaintext)));
  return sealed;
}

Result<Waiting> open_question(const Context& context, std::string_view tenant, const http::Request& request,
                              std::string_view text) {
  CLAVIGER_TRY(plaintext, open_text(context.keys.interaction, kPurpose, tenant, text));
  CLAVIGER_TRY(form, codec::parse_form(as_text(plaintext.reveal())));
  const std::string now = std::to_string(numeric_date(context.shard.wall()));
  // Of one length for the next 200 years.
  if (optional(form, "expires_at") <= now) return Error{Code::InteractionExpired, "consent"};
  const std::string_view cookie = interaction_cookie(request);
  if (cookie.empty() || hex_of(cookie_digest(cookie)) != optional(form, "cookie")) {
    return Error{Code::InteractionCookie, "consent.cookie"};
  }
  Waiting waiting;
  waiting.code = SecretBytes(as_bytes(optional(form, "code")));
  waiting.redirect_uri = optional(form, "redirect_uri");
  waiting.state = optional(form, "state");
  waiting.language = optional(form, "language");
  if (optional(form, "mode") == "form_post") waiting.response_mode = ResponseMode::FormPost;
  return waiting;
}

ResponseTarget target_of(const Waiting& waiting) {
  return {waiting.redirect_uri, waiting.state, waiting.response_mode, waiting.language};
}

Task<Result<Unit>> decide(Context* context, std::string tenant, std::string digest, bool is_allowed) {
  if (is_allowed) co_return co_await give_consent(context, std::move(tenant), std::move(digest));
  co_return co_await refuse_consent(context, std::move(tenant), std::move(digest));
}

Task<http::Response> handle(Contexts* contexts, http::Request request, http::PathValues path) {
  Context& context = here(*contexts);
  const std::string tenant = std::move(path[0]);
  if (context.snapshot->find(tenant) == nullptr) co_return http::problem(404);
  const SecretBody wiped_at_end(request.body);
  const auto form = read_form(request);
  if (!form) co_return local_error_response(tenant, form.error(), request);
  const auto waiting = open_question(context, tenant, request, optional(*form, "consent"));
  if (!waiting) co_return local_error_response(tenant, waiting.error(), request);
  const std::string_view action = optional(*form, "action");
  if (action != "allow" && action != "deny") {
    co_return local_error_response(tenant, {Code::ParameterMissing, "consent.action"}, request);
  }
  const bool is_allowed = action == "allow";
  std::string digest = code_digest(as_text(waiting->code.reveal()));
  const auto decided = co_await decide(&context, tenant, std::move(digest), is_allowed);
  const broker::TenantView* view = context.snapshot->find(tenant);
  if (view == nullptr) co_return http::problem(404);
  if (decided.failed_with(Code::CodeInvalid)) {
    co_return local_error_response(tenant, {Code::InteractionUsed, "consent"}, request);
  }
  if (!decided) co_return local_error_response(tenant, decided.error(), request);
  const ResponseTarget target = target_of(*waiting);
  if (!is_allowed) co_return refusal_response(view->tenant, target, {Code::AccessDenied, "consent"});
  co_return code_response(view->tenant, target, waiting->code);
}

// What the client wants, `profile` for single claims of it among them.
std::vector<std::string> asked_of(const ConsentQuestion& question) {
  return scopes_with_claims(question.interaction.scopes, question.interaction.claims_allowed);
}

// For a UE without a browser.
http::Response question_as_json(std::string_view tenant, const std::string& sealed, const ConsentQuestion& question) {
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("action", "/idms/v1/" + std::string(tenant) + "/consent").member("method", "POST");
  json.member("consent", sealed).member("client_name", question.client_name).name("scopes").begin_array();
  for (const std::string& scope : asked_of(question)) json.value(scope);
  json.end_array().name("actions").begin_array().value("allow").value("deny").end_array().end_object();
  return {200, "application/json", std::move(body)};
}

}  // namespace

http::Response ask_consent(Context& context, const broker::TenantView& tenant, const http::Request& request,
                           const ConsentQuestion& question) {
  const std::string_view name = tenant.tenant.name;
  const auto sealed = seal_question(context, name, question);
  if (!sealed) return local_error_response(name, sealed.error(), request);
  if (wants_json(request)) return question_as_json(name, *sealed, question);
  const std::vector<std::string> scopes = asked_of(question);
  ConsentPage page;
  page.tenant = name;
  page.client_name = question.client_name;
  page.consent = *sealed;
  page.redirect_uri = question.interaction.redirect_uri;
  page.scopes = scopes;
  return consent_page(page, page_text_named(question.interaction.language));
}

void add_consent_route(http::Router& router, Contexts& contexts) {
  http::Route route;
  route.method = http::Method::Post;
  route.pattern = "/idms/v1/{tenant}/consent";
  route.handler = [&contexts](http::Request request, http::PathValues path) {
    return handle(&contexts, std::move(request), std::move(path));
  };
  router.add(std::move(route));
}

}  // namespace claviger::identity
