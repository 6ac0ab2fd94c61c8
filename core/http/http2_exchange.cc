#include "core/http/http2_exchange.h"

#include <charconv>

#include "core/http/http2_connection.h"
#include "core/http/target.h"

namespace claviger::http {

void Http2Exchange::answer(Response its_response) { connection.submit(*this, std::move(its_response)); }

bool Http2Exchange::add(nghttp2_rcbuf* name_buffer, nghttp2_rcbuf* value_buffer) {
  const std::size_t size = nghttp2_rcbuf_get_buf(name_buffer).len + nghttp2_rcbuf_get_buf(value_buffer).len + 32;
  header_bytes_ += size;  // RFC 9113 clause 6.5.2 counts like this
  if (header_bytes_ > kHeaderBytesMax || request.headers().size() >= kFieldsMax) return false;
  const std::string_view name = storage_->keep(name_buffer);
  const std::string_view value = storage_->keep(value_buffer);
  if (name.front() != ':') {
    request.add(field_of(name), {name, value});
    return true;
  }
  // nghttp2 has refused unknown and repeated pseudo fields.
  if (name == ":method") request.method = method_of(value);
  if (name == ":path") target_ = value;
  if (name == ":authority") request.authority = value;
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
