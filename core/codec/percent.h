// Percent-encoding (RFC 3986 clause 2.1) and what application/x-www-form-urlencoded makes of it.
//
// Pure functions, any thread. Decoding goes into the caller's buffer, because passwords and client secrets
// pass here.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/codec/text_sink.h"

namespace claviger::codec {

// What '+' stands for: a space in forms and in OAuth's queries (RFC 6749 appendix B), itself elsewhere in a
// URI.
enum class Plus { Space, Literal };

// The number of bytes written, at most text.size(). FormSyntax for a bad escape or NUL, raw or escaped;
// TooLarge when `out` is too small. `out` may be the bytes of `text` themselves. Whether the result is UTF-8
// is the caller's question.
Result<std::size_t> percent_decode(std::string_view text, Plus plus, MutableBytes out);

// Everything but RFC 3986's unreserved characters becomes %XX, a space, too: form decoders read that as well
// as '+'.
std::size_t percent_encoded_size(std::string_view text);
std::size_t percent_encode(std::string_view text, char* out);

template <TextSink Sink>
void percent_encode(std::string_view text, Sink& sink) {
  append_with(sink, percent_encoded_size(text), [&](char* out) { return percent_encode(text, out); });
}

// Writes name=value&name=value at the end of a sink, which it borrows.
template <TextSink Sink>
class FormWriter {
 public:
  explicit FormWriter(Sink& sink) : sink_(&sink) {}

  FormWriter& add(std::string_view name, std::string_view value) {
    if (!std::exchange(is_first_, false)) append_text(*sink_, "&");
    percent_encode(name, *sink_);
    append_text(*sink_, "=");
    percent_encode(value, *sink_);
    return *this;
  }

 private:
  Sink* sink_;
  bool is_first_ = true;
};

}  // namespace claviger::codec
