#include "core/http/http2_exchange.h"

#include <charconv>

#include "core/http/http2_connection.h"
#include "core/http/target.h"

namespace claviger::http {

void Http2Exchange::answer(Response its_response) { connection.submit(*this, std::move(its_response)); }

bool Http2Exchange::add(nghttp2_rcbuf* name_buffer, nghttp2_rcbuf* value_buffer) {
  const auto view = [](nghttp2_rcbuf* buffer) {
    const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
    return std::string_view(reinterpret_cast<const char*>(bytes.base), bytes.len);
  };
  const std::string_view name = view(name_buffer);
  const std::string_view value = view(value_buffer);
  header_bytes_ += name.size() + value.size() + 32;  // RFC 9113 clause 6.5.2 counts like this
  if (header_bytes_ > kHeaderBytesMax || request.headers().size() >= kFieldsMax) return false;
  storage_->keep(value_buffer);
  if (name.front() == ':') {
    // nghttp2 has refused unknown and repeated pseudo fields.
    if (name == ":method") request.method = method_of(value);
    if (name == ":path") target_ = value;
    if (name == ":authority") request.authority = value;
    return true;
  }
  const Field known = field_of(name);
  if (known != Field::Other) {
    request.add(known, {name_of(known), value});
  } else {
    storage_->keep(name_buffer);
    request.add(known, {name, value});
  }
  return true;
}

bool Http2Exchange::finish_head(std::uint16_t& refusal) {
  is_head_complete = true;
  const auto target = parse_target(target_, false);
  if (!target) {
    refusal = target.error().code == Code::UriTooLong ? 414 : 400;
    return false;
  }
  request.path = target->path;
  request.query = target->query;
  // RFC 9113 clause 8.3.1: a Host that names another than :authority makes the request malformed.
  const std::string_view host = request.field(Field::Host);
  if (!host.empty() && !request.authority.empty() && host != request.authority) {
    refusal = 400;
    return false;
  }
  if (request.authority.empty()) request.authority = host;
  if (const std::string_view length = request.field(Field::ContentLength); !length.empty()) {
    std::uint64_t value = 0;  // nghttp2 has checked the digits and checks the sum
    std::from_chars(length.data(), length.data() + length.size(), value);
    content_length = value;
  }
  if (request.is_repeated(Field::Cookie)) {
    for (const Header& header : request.headers()) {
      if (header.name != "cookie") continue;
      if (!storage_->cookie.empty()) storage_->cookie += "; ";
      storage_->cookie += header.value;
    }
    request.replace(Field::Cookie, storage_->cookie);
  }
  return true;
}

}  // namespace claviger::http
