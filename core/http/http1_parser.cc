#include "core/http/http1_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <charconv>
#include <limits>

#include "core/http/ascii_case.h"
#include "core/http/limits.h"

namespace claviger::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using BeastView = beast::string_view;

std::string_view view(BeastView text) { return {text.data(), text.size()}; }

// What of the fields decides where the message ends, and who it is for: each at most once.
struct Framing {
  unsigned hosts = 0;
  unsigned lengths = 0;
  unsigned codings = 0;
  bool is_malformed = false;
  bool is_expectation_unknown = false;
};

bool is_host(std::string_view text) {
  constexpr std::string_view kForbidden = "/?#@,\\\"<>^`{|}";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return c > ' ' && c < '\x7F' && kForbidden.find(c) == std::string_view::npos;
  });
}

std::optional<std::uint64_t> parse_length(std::string_view text) {
  std::uint64_t value = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Both kinds of message: what Beast asks to be overridden and we do not need, and the body.
template <bool is_request>
class MessageParser : public beast::http::basic_parser<is_request> {
 public:
  MessageParser() {
    this->header_limit(
        static_cast<std::uint32_t>(kTargetBytesMax + kHeaderBytesMax + 1024));  // the scanner is stricter
    // Bodies are bounded by who takes them. Not boost::none: 1.74 compares with it, and every length is greater.
    this->body_limit(std::numeric_limits<std::uint64_t>::max());
  }
  Framing framing;
  std::vector<std::string_view>* pieces = nullptr;

  Result<Http1Parser::Progress> read_body(std::string_view bytes) {
    Http1Parser::Progress progress;
    while (!this->is_done() && progress.used < bytes.size()) {
      error_code error;
      const std::string_view left = bytes.substr(progress.used);
      if (this->chunked() && chunk_left_ == 0 && left.front() == '0' && left.size() < kLastChunkBytes) break;
      progress.used += this->put({left.data(), left.size()}, error);
      if (error == beast::http::error::need_more) break;
      if (error == beast::http::error::body_limit) return Error{Code::TooLarge, "http1.chunk"};
      if (error) return Error{Code::ProtocolError, "http1.body"};
    }
    progress.is_done = this->is_done();
    if (!progress.is_done && bytes.size() - progress.used > kChunkHeaderMax) {
      return Error{Code::ProtocolError, "http1.chunk_header"};
    }
    return progress;
  }

 protected:
  void count_framing(beast::http::field name, std::string_view value, bool& is_chunked,
                     std::optional<std::uint64_t>& length) {
    if (name == beast::http::field::content_length) {
      ++framing.lengths;
      length = parse_length(value);
      if (!length) framing.is_malformed = true;
    } else if (name == beast::http::field::transfer_encoding) {
      ++framing.codings;
      is_chunked = equals_ignoring_case(value, "chunked");
      if (!is_chunked) framing.is_malformed = true;  // a coding that somebody before us may understand
    }
  }
  void on_request_impl(beast::http::verb, BeastView, BeastView, int, error_code&) override {}
  void on_response_impl(int, BeastView, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastView body, error_code&) override {
    pieces->push_back(view(body));
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t size, BeastView, error_code& error) override {
    if (size > kChunkBytesMax) error = beast::http::error::body_limit;
    chunk_left_ = size;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, error_code&) override {
    if (!body.empty()) pieces->push_back(view(body));
    chunk_left_ -= std::min<std::uint64_t>(chunk_left_, body.size());
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

 private:
  // "0", CRLF, CRLF. Given "0", CRLF first and then less than this, Beast asserts what a peer that sends byte by byte
  // does not keep; no body ends with less.
  static constexpr std::size_t kLastChunkBytes = 5;
  std::uint64_t chunk_left_ = 0;  // of the chunk whose header was read
};

class RequestParser final : public MessageParser<true> {
 public:
  Http1Head head;

 private:
  void on_request_impl(beast::http::verb, BeastView method, BeastView target, int version, error_code&) override {
    head.method = view(method);
    head.target = view(target);
    head.is_http10 = version == 10;
    head.fields.reserve(16);
  }
  void on_field_impl(beast::http::field name, BeastView name_text, BeastView value, error_code&) override {
    head.fields.push_back({view(name_text), view(value)});
    count_framing(name, view(value), head.is_chunked, head.content_length);
    if (name == beast::http::field::host) {
      ++framing.hosts;
      head.host = view(value);
    } else if (name == beast::http::field::expect) {
      head.expects_continue = equals_ignoring_case(view(value), "100-continue");
      if (!head.expects_continue) framing.is_expectation_unknown = true;
    }
  }
};

class ResponseParser final : public MessageParser<false> {
 public:
  Http1ResponseHead head;

 private:
  void on_response_impl(int status, BeastView, int, error_code&) override {
    head.status = static_cast<std::uint16_t>(status);
  }
  void on_field_impl(beast::http::field name, BeastView name_text, BeastView value, error_code&) override {
    head.fields.push_back({view(name_text), view(value)});
    bool is_chunked = false;
    std::optional<std::uint64_t> length;
    count_framing(name, view(value), is_chunked, length);
  }
};

// Everything that lets two readers of one byte stream disagree about where a message ends (RFC 9112 clause 6.3,
// 11.2) is refused, also what the RFC allows to repair.
Result<Unit> check(const Http1Head& head, const Framing& framing) {
  if (framing.is_malformed || framing.hosts > 1 || framing.lengths > 1 || framing.codings > 1) {
    return Error{Code::ProtocolError, "http1.fields"};
  }
  if (framing.codings > 0 && (framing.lengths > 0 || head.is_http10))
    return Error{Code::ProtocolError, "http1.framing"};
  if (framing.hosts == 0 && !head.is_http10) return Error{Code::ProtocolError, "http1.host"};
  if (framing.hosts == 1 && !is_host(head.host)) return Error{Code::ProtocolError, "http1.host"};
  if (head.fields.size() > kFieldsMax) return Error{Code::ProtocolError, "http1.field_count"};
  if (framing.is_expectation_unknown) return Error{Code::Unsupported, "http1.expect"};
  return Unit{};
}

// The whole head lies in `text`, found by a HeadScanner. A body behind it is "need more" to Beast, which has taken the
// head by then.
template <typename Parser>
Result<Unit> put_head(Parser& parser, std::string_view text) {
  error_code error;
  const std::size_t used = parser.put({text.data(), text.size()}, error);
  const bool is_taken = !error || error == beast::http::error::need_more;
  if (!is_taken || used != text.size() || !parser.is_header_done()) return Error{Code::ProtocolError, "http1.head"};
  return Unit{};
}

}  // namespace

struct Http1Parser::Impl {
  std::optional<RequestParser> parser;
};
Http1Parser::Http1Parser() : impl_(std::make_unique<Impl>()) {}
Http1Parser::~Http1Parser() = default;

Result<Http1Head> Http1Parser::parse_head(std::string_view text) {
  RequestParser& parser = impl_->parser.emplace();
  CLAVIGER_TRY(put, put_head(parser, text));
  CLAVIGER_TRY(checked, check(parser.head, parser.framing));
  parser.head.keeps_alive = !parser.head.is_http10 && parser.keep_alive();
  parser.eager(true);
  return std::move(parser.head);
}

Result<Http1Parser::Progress> Http1Parser::parse_body(std::string_view bytes, std::vector<std::string_view>& pieces) {
  impl_->parser->pieces = &pieces;
  return impl_->parser->read_body(bytes);
}

struct Http1ResponseParser::Impl {
  std::optional<ResponseParser> parser;
};
Http1ResponseParser::Http1ResponseParser() : impl_(std::make_unique<Impl>()) {}
Http1ResponseParser::~Http1ResponseParser() = default;

Result<Http1ResponseHead> Http1ResponseParser::parse_head(std::string_view text, bool is_to_head) {
  ResponseParser& parser = impl_->parser.emplace();
  if (is_to_head) parser.skip(true);
  CLAVIGER_TRY(put, put_head(parser, text));
  const Framing& framing = parser.framing;
  if (framing.is_malformed || framing.lengths + framing.codings > 1 || parser.head.fields.size() > kFieldsMax) {
    return Error{Code::ProtocolError, "http1.fields"};
  }
  parser.head.is_done = parser.is_done();
  parser.head.keeps_alive = parser.keep_alive();
  parser.eager(true);
  return std::move(parser.head);
}

Result<Http1Parser::Progress> Http1ResponseParser::parse_body(std::string_view bytes,
                                                              std::vector<std::string_view>& pieces) {
  impl_->parser->pieces = &pieces;
  return impl_->parser->read_body(bytes);
}

bool Http1ResponseParser::ends_here() {
  error_code error;
  std::vector<std::string_view> none;
  impl_->parser->pieces = &none;
  impl_->parser->put_eof(error);
  return !error;
}

}  // namespace claviger::http
