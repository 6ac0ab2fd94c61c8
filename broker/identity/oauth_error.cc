#include "broker/identity/oauth_error.h"

#include <algorithm>
#include <string>

#include "core/codec/json_writer.h"

namespace claviger::identity {
namespace {

struct Row {
  Code code;
  OauthError answer;
};

constexpr Row kRows[] = {
    // What the parsers of the request say.
    {Code::ParameterMissing, {400, "invalid_request", "A required parameter is missing."}},
    {Code::ParameterMalformed, {400, "invalid_request", "A parameter is malformed."}},
    {Code::ParameterRepeated, {400, "invalid_request", "A parameter is repeated."}},
    {Code::ParameterInQuery, {400, "invalid_request", "Parameters must be in the body."}},
    {Code::FormSyntax, {400, "invalid_request", "The form is malformed."}},
    {Code::FormDuplicate, {400, "invalid_request", "A parameter is repeated."}},
    {Code::Utf8Invalid, {400, "invalid_request", "The form is not UTF-8."}},
    {Code::TooMany, {400, "invalid_request", "Too many parameters."}},
    {Code::TooLarge, {413, "invalid_request", "The request is too large."}},
    {Code::MediaType, {400, "invalid_request", "The content type must be application/x-www-form-urlencoded."}},
    {Code::MediaTypeUnsupported,
     {415, "invalid_request", "The content type must be application/x-www-form-urlencoded."}},
    {Code::MethodNotAllowed, {405, "invalid_request", "The method is not allowed."}},
    {Code::NotFound, {404, "invalid_request", "There is nothing here."}},

    // Who calls.
    {Code::ClientMissing, {401, "invalid_client", "Client authentication failed."}},
    {Code::ClientUnknown, {401, "invalid_client", "Client authentication failed."}},
    {Code::ClientDisabled, {401, "invalid_client", "Client authentication failed."}},
    {Code::ClientSecretWrong, {401, "invalid_client", "Client authentication failed."}},
    {Code::ClientMethodWrong, {401, "invalid_client", "Client authentication failed."}},
    {Code::ClientAssertionInvalid, {401, "invalid_client", "Client authentication failed."}},
    {Code::TokenReplayed, {401, "invalid_client", "Client authentication failed."}},
    {Code::ClientCertificateWrong, {401, "invalid_client", "Client authentication failed."}},
    {Code::ClientHeaderMalformed, {401, "invalid_client", "Client authentication failed."}},
    {Code::ClientMethodsSeveral, {400, "invalid_request", "Use one method of client authentication."}},
    {Code::ClientIdDiffers, {400, "invalid_request", "client_id is not the authenticated client."}},

    // The authorization request.
    {Code::AuthorizeClientUnknown, {400, "unauthorized_client", "The client is not known here."}},
    {Code::RedirectMissing, {400, "invalid_request", "redirect_uri is missing or malformed."}},
    {Code::RedirectUnregistered, {400, "invalid_request", "redirect_uri is not registered for this client."}},
    {Code::ResponseTypeUnsupported, {400, "unsupported_response_type", "response_type must be code."}},
    {Code::GrantUnsupported, {400, "unsupported_grant_type", "grant_type is not supported."}},
    {Code::GrantNotAllowed, {400, "unauthorized_client", "The client may not use this grant."}},
    {Code::ScopeMalformed, {400, "invalid_scope", "scope is malformed or lacks openid."}},
    {Code::ScopeNothing, {400, "invalid_scope", "None of the requested scopes can be granted."}},
    {Code::ScopeWider, {400, "invalid_scope", "scope is wider than what was granted."}},
    {Code::TargetUnknown, {400, "invalid_target", "resource is unknown."}},
    {Code::AcrUnsupported, {400, "unmet_authentication_requirements", "None of acr_values is supported."}},
    {Code::AuthenticationTooWeak,
     {400, "unmet_authentication_requirements", "The user cannot reach any of acr_values."}},
    {Code::EnrolmentRequired, {400, "access_denied", "An authenticator must be enrolled first."}},
    {Code::ConsentRequired, {400, "consent_required", "The user must consent."}},
    {Code::InteractionRequired, {400, "interaction_required", "The user must answer a question."}},
    {Code::LoginRequired, {400, "login_required", "The user must sign in."}},
    {Code::RequestObjectRefused, {400, "request_not_supported", "request is not supported."}},
    {Code::RequestUriRefused, {400, "request_uri_not_supported", "request_uri is not supported."}},
    {Code::PushedRequestInvalid, {400, "invalid_request_uri", "The pushed request has expired or was used already."}},
    {Code::PushedRequestRequired, {400, "invalid_request", "The client must push its authorization requests."}},
    {Code::AuthorizationDetailsRefused,
     {400, "invalid_authorization_details", "authorization_details is not supported."}},
    {Code::AccessDenied, {401, "access_denied", "The sign-in was not completed."}},
    {Code::SignInRefused, {401, "access_denied", "User name, password or code is wrong."}},
    {Code::UserDisabled, {400, "access_denied", "The sign-in was not completed."}},
    {Code::SignInThrottled, {429, "temporarily_unavailable", "Too many attempts. Try again later."}},
    {Code::InteractionInvalid, {400, "invalid_request", "This sign-in cannot be continued. Start again."}},
    {Code::InteractionExpired, {400, "invalid_request", "This sign-in has expired. Start again."}},
    {Code::InteractionUsed, {400, "invalid_request", "This sign-in was completed already. Start again."}},
    {Code::InteractionCookie, {400, "invalid_request", "This sign-in belongs to another browser. Start again."}},

    // Grants.
    {Code::CodeInvalid, {400, "invalid_grant", "The code is not valid."}},
    {Code::CodeExpired, {400, "invalid_grant", "The code is not valid."}},
    {Code::CodeReused, {400, "invalid_grant", "The code is not valid."}},
    {Code::CodeClient, {400, "invalid_grant", "The code is not valid."}},
    {Code::CodeRedirect, {400, "invalid_grant", "redirect_uri differs from the one of the request."}},
    {Code::CodeVerifier, {400, "invalid_grant", "code_verifier does not match."}},
    {Code::RefreshInvalid, {400, "invalid_grant", "The refresh token is not valid."}},
    {Code::RefreshReused, {400, "invalid_grant", "The refresh token is not valid."}},
    {Code::SessionUnknown, {400, "invalid_grant", "The session has ended."}},
    {Code::SessionEnded, {400, "invalid_grant", "The session has ended."}},
    {Code::TokenBinding, {400, "invalid_grant", "The key or certificate is not the one of the grant."}},
    {Code::UserUnknown, {400, "invalid_grant", "The session has ended."}},
    {Code::TokenOfAnother, {400, "unauthorized_client", "The token was not issued to this client."}},
    {Code::TokenType, {400, "unsupported_token_type", "token_type_hint is neither access_token nor refresh_token."}},

    // Proof of possession.
    {Code::DpopMissing, {400, "invalid_dpop_proof", "The client must prove that it holds a key."}},
    {Code::DpopInvalid, {400, "invalid_dpop_proof", "The DPoP proof is not valid."}},
    {Code::DpopReplayed, {400, "invalid_dpop_proof", "The DPoP proof is not valid."}},
    {Code::DpopNonce, {400, "use_dpop_nonce", "Use the nonce of this answer."}},
    // The UE (spec 3.3).
    {Code::UeLost, {400, "access_denied", "Nobody may sign in on this device."}},
    {Code::UeOfAnother, {400, "access_denied", "This device belongs to another user."}},
    {Code::UeFull, {400, "access_denied", "This device has as many users as it may have."}},
    {Code::LogoutHint, {400, "invalid_request", "id_token_hint is not of this client."}},
    {Code::LogoutRedirect, {400, "invalid_request", "post_logout_redirect_uri is not registered for this client."}},

    // Between systems (spec 1.12): which check failed is in the log, not in the answer.
    {Code::ExchangeSubject, {400, "invalid_request", "The subject token cannot be exchanged."}},
    {Code::ExchangeTarget, {400, "invalid_target", "There is no such partner for this user."}},
    {Code::ExchangeForbidden, {400, "invalid_target", "There is no such partner for this user."}},
    {Code::AssertionInvalid, {400, "invalid_grant", "The assertion is not valid."}},
    {Code::AssertionReplayed, {400, "invalid_grant", "The assertion is not valid."}},
    {Code::PartnerUnknown, {400, "invalid_grant", "The assertion is not valid."}},
    {Code::PartnerDisabled, {400, "invalid_grant", "The assertion is not valid."}},
    {Code::PartnerKeysMissing, {400, "invalid_grant", "The assertion is not valid."}},
    {Code::PartnerUserUnknown, {400, "invalid_grant", "The assertion is not valid."}},

    // Bearer tokens (userinfo).
    {Code::BearerSeveral, {400, "invalid_request", "Send one access token, in the Authorization header."}},
    {Code::BearerScope, {403, "insufficient_scope", "The access token lacks a scope."}},

    // Us.
    {Code::Overload, {503, "temporarily_unavailable", "Try again later."}},
    {Code::Conflict, {503, "temporarily_unavailable", "Try again later."}},
    {Code::DeadlinePassed, {503, "temporarily_unavailable", "Try again later."}},
    {Code::NoSpace, {503, "temporarily_unavailable", "Try again later."}},
    {Code::Io, {503, "temporarily_unavailable", "Try again later."}},
    {Code::Closed, {503, "temporarily_unavailable", "Try again later."}},
    {Code::KeyStoreMissing, {503, "temporarily_unavailable", "Try again later."}},
    {Code::KeyStoreFailure, {503, "temporarily_unavailable", "Try again later."}},
    {Code::Unsupported, {503, "temporarily_unavailable", "Try again later."}},  // the clock: Clock::can_issue
};

constexpr OauthError kInternal{500, "server_error", "Something went wrong on our side."};

}  // namespace

OauthError oauth_error_of(Code code) {
  const auto* row = std::ranges::find(kRows, code, &Row::code);
  return row == std::end(kRows) ? kInternal : row->answer;
}

http::Response oauth_error_response(const Error& error, std::uint32_t retry_after_seconds) {
  const OauthError answer = oauth_error_of(error.code);
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("error", answer.error).member("error_description", answer.description).end_object();
  http::Response response(answer.status, "application/json", std::move(body));
  response.with("pragma", "no-cache");
  if (answer.status == 429 || answer.status == 503) {
    response.with("retry-after", std::to_string(std::max(retry_after_seconds, kRetryAfterOverload)));
  }
  return response;
}

http::Response client_error_response(const Error& error, const http::Request& request) {
  http::Response response = oauth_error_response(error);
  // RFC 6749 clause 5.2: whoever tried with an Authorization header is told the scheme, whichever he used and with or without
  // credentials after it. Others are not, though RFC 9110 clause 15.5.2 would: OAuth clients take a challenge for the answer and
  // do not read the error (oauth4webapi).
  if (response.status == 401 && request.has(http::Field::Authorization)) {
    response.with("www-authenticate", "Basic realm=\"idms\", charset=\"UTF-8\"");
  }
  return response;
}

}  // namespace claviger::identity
