#include "core/http/message.h"

#include "core/base/secret.h"

namespace claviger::http {

std::string_view name_of(Method method) {
  switch (method) {
    case Method::Get:
      return "GET";
    case Method::Head:
      return "HEAD";
    case Method::Post:
      return "POST";
    case Method::Put:
      return "PUT";
    case Method::Patch:
      return "PATCH";
    case Method::Delete:
      return "DELETE";
    case Method::Options:
      return "OPTIONS";
    case Method::Other:
      break;
  }
  return "?";
}

Method method_of(std::string_view name) {
  for (const Method method :
       {Method::Get, Method::Post, Method::Head, Method::Put, Method::Patch, Method::Delete, Method::Options}) {
    if (name == name_of(method)) return method;
  }
  return Method::Other;
}

std::string_view name_of(Field known) {
  constexpr std::array<std::string_view, kFields + 1> kNames{
      "accept", "authorization", "content-length", "content-type",    "cookie",
      "dpop",   "host",          "if-match",       "if-none-match",   "origin",
      "prefer", "referer",       "user-agent",     "x-forwarded-for", ""};
  return kNames[static_cast<std::size_t>(known)];
}

// By length first: one comparison at most for nearly every name.
Field field_of(std::string_view name) {
  const auto is = [name](std::string_view known, Field field) { return name == known ? field : Field::Other; };
  switch (name.size()) {
    case 4:
      return name[0] == 'd' ? is("dpop", Field::Dpop) : is("host", Field::Host);
    case 6:
      if (name[0] == 'a') return is("accept", Field::Accept);
      if (name[0] == 'c') return is("cookie", Field::Cookie);
      return name[0] == 'o' ? is("origin", Field::Origin) : is("prefer", Field::Prefer);
    case 7:
      return is("referer", Field::Referer);
    case 8:
      return is("if-match", Field::IfMatch);
    case 10:
      return is("user-agent", Field::UserAgent);
    case 12:
      return is("content-type", Field::ContentType);
    case 13:
      if (name[0] == 'a') return is("authorization", Field::Authorization);
      return is("if-none-match", Field::IfNoneMatch);
    case 14:
      return is("content-length", Field::ContentLength);
    case 15:
      return is("x-forwarded-for", Field::XForwardedFor);
    default:
      return Field::Other;
  }
}

void Response::drop_body() {
  if (is_secret) {
    // A slab's bytes, or a string's: writable memory that a body only shows read-only.
    const Bytes bytes = as_bytes(text_of(body));
    wipe({const_cast<std::byte*>(bytes.data()), bytes.size()});
  }
  body = Body();
}

std::string_view reason_of(std::uint16_t status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Unknown";
  }
}

}  // namespace claviger::http
