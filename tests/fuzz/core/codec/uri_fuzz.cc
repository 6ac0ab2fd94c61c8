// The components of an accepted URI put together (RFC 3986 clause 5.3) are the URI; it matches itself as a
// redirect, and no other host's; a redirect with parameters appended is a URI again.
#include "core/codec/uri.h"

#include <string>

#include "core/codec/redirect.h"

using namespace claviger;
using namespace claviger::codec;

namespace {

std::string together(const Uri& uri) {
  std::string text(uri.scheme);
  text += ':';
  if (uri.has_authority) text += "//";
  if (uri.has_userinfo) text.append(uri.userinfo).append("@");
  text += uri.host;
  if (uri.port) text.append(":").append(std::to_string(*uri.port));
  text += uri.path;
  if (uri.has_query) text.append("?").append(uri.query);
  if (uri.has_fragment) text.append("#").append(uri.fragment);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const auto uri = parse_uri(input);
  if (!uri) return 0;
  CLAVIGER_ASSERT(together(*uri) == input && uri->whole == input);
  CLAVIGER_ASSERT(redirect_matches(*uri, *uri));
  for (const std::string_view registered :
       {"http://127.0.0.1/cb", "http://[::1]:80/cb?x", "https://app.example/cb"}) {
    const auto other = parse_uri(registered);
    if (redirect_matches(*other, *uri)) {
      CLAVIGER_ASSERT(uri->host == other->host && uri->path == other->path && !uri->has_userinfo);
    }
  }
  if (const std::string origin = uri->origin(); !origin.empty()) {
    const auto parsed = parse_uri(origin);
    CLAVIGER_ASSERT(parsed && parsed->origin() == origin && parsed->path.empty());
  }
  if (!uri->has_fragment) {
    std::string redirect;
    RedirectWriter(redirect, input).add("code", "a b").add("state", "\xC3\xA9&");
    const auto appended = parse_absolute_uri(redirect);
    if (!appended) {
      CLAVIGER_ASSERT(redirect.size() > kUriBytesMax);
      return 0;
    }
    CLAVIGER_ASSERT(appended->host == uri->host && appended->path == uri->path && appended->has_query);
    CLAVIGER_ASSERT(appended->query.starts_with(uri->query));
    CLAVIGER_ASSERT(appended->query.ends_with("code=a%20b&state=%C3%A9%26"));
  }
  return 0;
}
