// Redirect URIs: which of them a client may use, and how an answer is appended (RFC 6749 clause 3.1.2, RFC
// 8252).
//
// Pure functions, any thread.
#pragma once

#include <string_view>

#include "core/codec/percent.h"
#include "core/codec/text_sink.h"
#include "core/codec/uri.h"

namespace claviger::codec {

// http://127.0.0.1 or http://[::1], any port, without userinfo and fragment. "localhost" is not one: it is a
// name that may resolve to something else (RFC 8252 clause 8.3).
bool is_loopback_redirect(const Uri& uri);

// Character by character (RFC 9700 clause 2.1); of two loopback redirects the ports are not compared (RFC
// 8252 clause 7.3), because a native application gets its port from the system when it starts.
bool redirect_matches(const Uri& registered, const Uri& requested);

// Writes the redirect URI and appends parameters to its query, keeping what is there (RFC 6749 clause 3.1.2).
// `redirect_uri` was accepted by parse_absolute_uri(). Codes go through here: the sink is a slab's outside
// tests.
template <TextSink Sink>
class RedirectWriter {
 public:
  RedirectWriter(Sink& sink, std::string_view redirect_uri) : sink_(&sink) {
    CLAVIGER_ASSERT(redirect_uri.find('#') == std::string_view::npos);
    append_text(sink, redirect_uri);
    if (redirect_uri.find('?') == std::string_view::npos) {
      separator_ = "?";
    } else if (!redirect_uri.ends_with('?') && !redirect_uri.ends_with('&')) {
      separator_ = "&";
    }
  }

  RedirectWriter& add(std::string_view name, std::string_view value) {
    append_text(*sink_, separator_);
    separator_ = "&";
    percent_encode(name, *sink_);
    append_text(*sink_, "=");
    percent_encode(value, *sink_);
    return *this;
  }

 private:
  Sink* sink_;
  std::string_view separator_;
};

}  // namespace claviger::codec
