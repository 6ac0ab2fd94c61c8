#include "broker/identity/basic_credentials.h"

#include <algorithm>

#include "core/codec/base64url.h"
#include "core/codec/percent.h"
#include "core/codec/utf8.h"

namespace claviger::identity {
namespace {

constexpr std::string_view kScheme = "basic ";

constexpr char lowered(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

// In place of a longer story: every way to be malformed is the same to the peer.
constexpr Error kMalformed{Code::ClientHeaderMalformed, "authorization.basic"};

}  // namespace

bool is_basic(std::string_view authorization) {
  return std::ranges::equal(authorization.substr(0, kScheme.size()), kScheme, {}, lowered);
}

Result<BasicCredentials> parse_basic(std::string_view authorization) {
  if (!is_basic(authorization) || authorization.size() > kBasicHeaderMax) return kMalformed;
  std::string_view encoded = authorization.substr(kScheme.size());
  while (encoded.starts_with(' ')) encoded.remove_prefix(1);
  SecretBytes joined(codec::base64_decoded_size_max(encoded.size()));
  const auto size = codec::base64_decode(encoded, joined.reveal_for_writing());
  if (!size) return kMalformed;
  const std::string_view text = as_text(joined.reveal().first(*size));
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return kMalformed;

  BasicCredentials credentials;
  credentials.client_id.resize(colon);
  const auto id = codec::percent_decode(text.substr(0, colon), codec::Plus::Space,
                                        std::as_writable_bytes(std::span(credentials.client_id)));
  if (!id) return kMalformed;
  credentials.client_id.resize(*id);
  const std::string_view escaped = text.substr(colon + 1);
  SecretBytes secret(escaped.size());
  const auto secret_size = codec::percent_decode(escaped, codec::Plus::Space, secret.reveal_for_writing());
  if (!secret_size) return kMalformed;
  credentials.secret = SecretBytes(secret.reveal().first(*secret_size));
  if (credentials.client_id.empty() || !codec::is_utf8(credentials.client_id)) return kMalformed;
  return credentials;
}

}  // namespace claviger::identity
