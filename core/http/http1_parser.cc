#include "core/http/http1_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <charconv>
#include <limits>

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

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), [](char t, char l) {
           return (t >= 'A' && t <= 'Z' ? static_cast<char>(t - 'A' + 'a') : t) == l;
         });
}

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

class RequestParser final : public beast::http::basic_parser<true> {
 public:
  RequestParser() {
    header_limit(static_cast<std::uint32_t>(kTargetBytesMax + kHeaderBytesMax + 1024));  // the scanner is stricter
    // The route's bound is ours to check. Not boost::none: 1.74 compares with it, and every length is greater.
    body_limit(std::numeric_limits<std::uint64_t>::max());
  }
  Http1Head head;
  Framing framing;
  std::vector<std::string_view>* pieces = nullptr;

 private:
  void on_request_impl(beast::http::verb, BeastView method, BeastView target, int version, error_code&) override {
    head.method = view(method);
    head.target = view(target);
    head.is_http10 = version == 10;
    head.fields.reserve(16);
  }
  void on_field_impl(beast::http::field name, BeastView name_text, BeastView value, error_code&) override {
    head.fields.push_back({view(name_text), view(value)});
    switch (name) {
      case beast::http::field::host:
        ++framing.hosts;
        head.host = view(value);
        break;
      case beast::http::field::content_length:
        ++framing.lengths;
        head.content_length = parse_length(view(value));
        if (!head.content_length) framing.is_malformed = true;
        break;
      case beast::http::field::transfer_encoding:
        ++framing.codings;
        head.is_chunked = equals_ignoring_case(view(value), "chunked");
        if (!head.is_chunked) framing.is_malformed = true;  // a coding that somebody before us may understand
        break;
      case beast::http::field::expect:
        head.expects_continue = equals_ignoring_case(view(value), "100-continue");
        if (!head.expects_continue) framing.is_expectation_unknown = true;
        break;
      default: break;
    }
  }
  void on_header_impl(error_code&) override {}
  void on_response_impl(int, BeastView, int, error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastView body, error_code&) override {
    pieces->push_back(view(body));
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, error_code&) override {
    if (!body.empty()) pieces->push_back(view(body));
    return body.size();
  }
  void on_finish_impl(error_code&) override {}
};

// Everything that lets two readers of one byte stream disagree about where a message ends (RFC 9112 clause 6.3,
// 11.2) is refused, also what the RFC allows to repair.
Result<Unit> check(const Http1Head& head, const Framing& framing) {
  if (framing.is_malformed || framing.hosts > 1 || framing.lengths > 1 || framing.codings > 1) {
    return Error{Code::ProtocolError, "http1.fields"};
  }
  if (framing.codings > 0 && (framing.lengths > 0 || head.is_http10)) return Error{Code::ProtocolError, "http1.framing"};
  if (framing.hosts == 0 && !head.is_http10) return Error{Code::ProtocolError, "http1.host"};
  if (framing.hosts == 1 && !is_host(head.host)) return Error{Code::ProtocolError, "http1.host"};
  if (head.fields.size() > kFieldsMax) return Error{Code::ProtocolError, "http1.field_count"};
  if (framing.is_expectation_unknown) return Error{Code::Unsupported, "http1.expect"};
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
  error_code error;
  const std::size_t used = parser.put({text.data(), text.size()}, error);
  // A body behind the head is "need more" to Beast, which has taken the whole head by then.
  const bool is_taken = !error || error == beast::http::error::need_more;
  if (!is_taken || used != text.size() || !parser.is_header_done()) return Error{Code::ProtocolError, "http1.head"};
  CLAVIGER_TRY(checked, check(parser.head, parser.framing));
  parser.head.keeps_alive = !parser.head.is_http10 && parser.keep_alive();
  parser.eager(true);
  return std::move(parser.head);
}

Result<Http1Parser::Progress> Http1Parser::parse_body(std::string_view bytes, std::vector<std::string_view>& pieces) {
  RequestParser& parser = *impl_->parser;
  Progress progress;
  parser.pieces = &pieces;
  while (!parser.is_done() && progress.used < bytes.size()) {
    error_code error;
    const std::string_view left = bytes.substr(progress.used);
    progress.used += parser.put({left.data(), left.size()}, error);
    if (error == beast::http::error::need_more) break;
    if (error) return Error{Code::ProtocolError, "http1.body"};
  }
  progress.is_done = parser.is_done();
  if (!progress.is_done && bytes.size() - progress.used > kChunkHeaderMax) {
    return Error{Code::TooLarge, "http1.chunk"};
  }
  return progress;
}

}  // namespace claviger::http
