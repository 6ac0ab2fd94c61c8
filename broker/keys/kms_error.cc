#include "broker/keys/kms_error.h"

#include <algorithm>

namespace claviger::keys {
namespace {

struct Row {
  Code code;
  KmsError error;
};
constexpr Row kRows[] = {
    {Code::XmlDoctype, {400, 1001, "The body has a document type declaration."}},
    {Code::XmlSyntax, {400, 1001, "The body is not well-formed XML."}},
    {Code::Utf8Invalid, {400, 1001, "The body is not UTF-8."}},
    {Code::XmlTooLarge, {400, 1001, "The body has more than this interface needs."}},
    {Code::XmlSchema, {400, 1001, "The body is not a KmsRequest."}},
    {Code::UriPathInvalid, {400, 1001, "The path is malformed."}},
    {Code::KmsUriDiffers, {400, 1002, "KmsUri is not this KMS."}},
    {Code::RequestUrlDiffers, {400, 1002, "ClientReqUrl is not the URL of this request."}},
    {Code::RequestTime, {400, 1003, "Time is too far from ours."}},
    {Code::RequestReplayed, {400, 1003, "The request was served before."}},
    {Code::BearerSeveral, {401, 1101, "Send one access token, in the Authorization header."}},
    {Code::BearerScope, {403, 1102, "The token's scope does not open this server."}},
    {Code::TokenAudience, {403, 1102, "The token is for another server."}},
    {Code::KeysDenied, {403, 1102, "The token does not speak for this identity."}},
    {Code::RequestUnsigned, {403, 1103, "The request must be signed."}},
    {Code::RequestSignature, {403, 1103, "The signature is not valid."}},
    {Code::XmlSignature, {403, 1103, "The signature is not valid."}},
    {Code::TransportKeyUnknown, {403, 1103, "The transport key is not known."}},
    {Code::TransportKeyMissing, {403, 1103, "Keys leave under a transport key only."}},
    {Code::NotFound, {404, 1201, "There is nothing here."}},
    {Code::KmsUnknown, {404, 1201, "There is no such KMS."}},
    {Code::UserUnknown, {404, 1201, "There is no such user."}},
    {Code::KeyPeriod, {409, 1202, "There are no keys for that time."}},
    {Code::KeysRevoked, {410, 1203, "The keys are revoked."}},
    {Code::AcceptExcludes, {406, 1301, "The answer is application/xml."}},
    {Code::MediaTypeUnsupported, {415, 1301, "The body is not XML."}},
    {Code::TooLarge, {413, 1301, "The body is too large."}},
    {Code::TooMany, {429, 1401, "Too many requests."}},
    {Code::KmsSealed, {503, 1402, "The keys of the domain are sealed."}},
    {Code::Overload, {503, 1402, "Try again later."}},
    {Code::DeadlinePassed, {503, 1402, "Try again later."}},
    {Code::NoSpace, {503, 1402, "Try again later."}},
    {Code::Io, {503, 1402, "Try again later."}},
    {Code::Closed, {503, 1402, "Try again later."}},
    {Code::Conflict, {503, 1402, "Try again later."}},
};

}  // namespace

KmsError kms_error_of(Code code) {
  const auto* row = std::ranges::find(kRows, code, &Row::code);
  if (row != std::end(kRows)) return row->error;
  const std::string_view name = name_of(code);
  if (name.starts_with("Token") || name.starts_with("Bearer"))
    return {401, 1101, "The access token is missing or not valid."};
  return {500, 1402, "Something went wrong on our side."};
}

}  // namespace claviger::keys
