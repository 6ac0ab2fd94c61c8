#include "core/codec/redirect.h"

namespace claviger::codec {

bool is_loopback_redirect(const Uri& uri) {
  return uri.scheme == "http" && (uri.host == "127.0.0.1" || uri.host == "[::1]") && !uri.has_userinfo &&
         !uri.has_fragment;
}

bool redirect_matches(const Uri& registered, const Uri& requested) {
  if (registered.whole == requested.whole) return true;
  return is_loopback_redirect(registered) && is_loopback_redirect(requested) &&
         registered.host == requested.host && registered.path == requested.path &&
         registered.has_query == requested.has_query && registered.query == requested.query;
}

}  // namespace claviger::codec
