// HTTP/1.1 of a client: one request at a time, no pipelining.
#include <algorithm>
#include <span>

#include "core/base/assert.h"
#include "core/base/secret.h"
#include "core/http/client_protocol.h"
#include "core/http/http1_head.h"
#include "core/http/http1_parser.h"

namespace claviger::http {
namespace {

class ClientHttp1 final : public ClientProtocol {
 public:
  explicit ClientHttp1(ClientProtocolHost& host) : host_(host) {}
  ~ClientHttp1() override { forget_head(); }

  std::size_t in_flight() const override { return exchange_ != nullptr ? 1 : 0; }
  std::size_t capacity() const override { return exchange_ == nullptr && !is_ending_ ? 1 : 0; }
  bool is_finished() const override { return is_ending_; }

  void submit(ClientExchangePtr exchange) override {
    exchange_ = std::move(exchange);
    exchange_->carrier = this;
    is_reading_body_ = false;
    scanner_ = HeadScanner();
    write_request();
    host_.update();
  }

  void abandon(ClientExchange&) override {
    exchange_->carrier = nullptr;
    exchange_.reset();
    is_ending_ = true;  // its answer would be taken for the next one's
    host_.update();
  }

  void receive(Slice bytes) override {
    if (exchange_ == nullptr) {  // nobody asked
      is_ending_ = true;
      return host_.update();
    }
    exchange_->has_answer_begun = true;
    if (unparsed_.empty()) {
      unparsed_ = std::move(bytes);
    } else {
      SlabWriter writer(host_.slabs(), unparsed_.size() + bytes.size());
      writer.append(unparsed_.bytes());  // copy: a head must lie in one piece
      writer.append(bytes.bytes());
      unparsed_ = writer.finish();
    }
    while (exchange_ != nullptr && !unparsed_.empty()) {
      if (!(is_reading_body_ ? read_body() : read_head())) break;
    }
    host_.update();
  }

  std::size_t produce(MutableBytes room) override {
    std::size_t produced = 0;
    const auto pull = [&](std::string_view from, std::size_t& sent) {
      const std::size_t count = std::min(from.size() - sent, room.size() - produced);
      std::memcpy(room.data() + produced, from.data() + sent, count);  // copy: into the record
      sent += count;
      produced += count;
    };
    pull(head_, head_sent_);
    if (head_sent_ == head_.size()) forget_head();
    if (exchange_ != nullptr && head_.empty()) pull(exchange_->request.body, exchange_->body_sent);
    return produced;
  }

  void closed(Error reason) override {
    if (exchange_ == nullptr) return;
    if (is_reading_body_ && reason.code == Code::PeerClosed && parser_.ends_here()) return complete();
    const ClientExchangePtr exchange = std::exchange(exchange_, nullptr);
    exchange->carrier = nullptr;
    const bool may_retry = served_ > 0 && !exchange->has_answer_begun && is_idempotent(exchange->request.method);
    if (may_retry) return host_.retry(exchange, reason);
    host_.finish(exchange, reason);
  }

 private:
  void write_request() {
    const ClientRequest& request = exchange_->request;
    forget_head();
    // At once: growth would leave pieces of it behind.
    std::size_t size = kHeadRoom + exchange_->target.size() + exchange_->authority.size() + request.content_type.size();
    for (const ClientHeader& header : request.headers) size += header.name.size() + header.value.size() + 4;
    head_.reserve(size);
    const auto field = [this](std::string_view name, std::string_view value) {
      head_ += name;
      head_ += ": ";
      head_ += value;
      head_ += "\r\n";
    };
    head_ += name_of(request.method);
    head_ += ' ';
    head_ += exchange_->target;
    head_ += " HTTP/1.1\r\n";
    field("host", exchange_->authority);
    const bool has_length = !request.body.empty() || request.method == Method::Post || request.method == Method::Put ||
                            request.method == Method::Patch;
    if (has_length) field("content-length", std::to_string(request.body.size()));
    if (!request.content_type.empty()) field("content-type", request.content_type);
    for (const ClientHeader& header : request.headers) field(header.name, header.value);
    head_ += "\r\n";
    CLAVIGER_ASSERT(head_.size() <= size);
  }

  // Sent, or never will be. Tokens stand in it.
  void forget_head() {
    wipe(std::as_writable_bytes(std::span(head_)));
    head_.clear();
    head_sent_ = 0;
  }

  Slice without_front(std::size_t size) const {  // an empty rest keeps no slab
    return size == unparsed_.size() ? Slice() : unparsed_.part(size, unparsed_.size() - size);
  }

  // Each step: true when there may be another.
  bool read_head() {
    switch (scanner_.scan(unparsed_.text())) {
      case HeadScanner::State::NeedMore:
        return false;
      case HeadScanner::State::Complete:
        break;
      default:
        return fail({Code::ProtocolError, "client.head"});
    }
    const std::size_t size = scanner_.head_size();
    const Slice bytes = unparsed_.part(0, size);
    unparsed_ = without_front(size);
    scanner_ = HeadScanner();
    const auto head = parser_.parse_head(bytes.text(), exchange_->request.method == Method::Head);
    if (!head) return fail(head.error());
    if (head->status < 200) {  // an interim answer (RFC 9110 clause 15.2); 101 was never asked for
      if (head->status == 101 || ++interim_ > kInterimMax) return fail({Code::ProtocolError, "client.interim"});
      return true;
    }
    ClientResponse& response = exchange_->response;
    response.status = head->status;
    for (const Http1Field& field : head->fields) {
      std::string name(field.name);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      response.headers.push_back({std::move(name), std::string(field.value)});
    }
    keeps_alive_ = head->keeps_alive;
    if (head->is_done) return complete(), true;
    is_reading_body_ = true;
    return true;
  }

  bool read_body() {
    std::vector<std::string_view> pieces;
    const auto progress = parser_.parse_body(unparsed_.text(), pieces);
    if (!progress) return fail(progress.error());
    std::string& body = exchange_->response.body;
    for (const std::string_view piece : pieces) {
      if (piece.size() > exchange_->request.response_bytes_max - body.size())
        return fail({Code::TooLarge, "client.body"});
      append_wiping(body, piece);
    }
    unparsed_ = without_front(progress->used);
    if (progress->is_done) complete();
    return progress->is_done;
  }

  void complete() {
    ++served_;
    is_reading_body_ = false;
    interim_ = 0;
    if (!keeps_alive_) is_ending_ = true;
    // An answer before the whole request was sent: the rest would be taken for a next request.
    if (!head_.empty() || exchange_->body_sent < exchange_->request.body.size()) is_ending_ = true;
    if (!unparsed_.empty()) is_ending_ = true;  // more than was asked for
    const ClientExchangePtr exchange = std::exchange(exchange_, nullptr);
    exchange->carrier = nullptr;
    host_.finish(exchange, std::move(exchange->response));
  }

  bool fail(Error reason) {
    is_ending_ = true;
    const ClientExchangePtr exchange = std::exchange(exchange_, nullptr);
    exchange->carrier = nullptr;
    host_.finish(exchange, reason);
    return false;
  }

  // Method, version, the names of three fields and a length.
  static constexpr std::size_t kHeadRoom = 128;
  static constexpr int kInterimMax = 8;  // 100, 102, 103: more is a loop

  ClientProtocolHost& host_;
  ClientExchangePtr exchange_;
  bool is_ending_ = false;
  bool is_reading_body_ = false;
  bool keeps_alive_ = true;
  int interim_ = 0;
  std::size_t served_ = 0;
  std::string head_;  // of what is being sent; else empty
  std::size_t head_sent_ = 0;
  Slice unparsed_;
  HeadScanner scanner_;
  Http1ResponseParser parser_;
};

}  // namespace

std::unique_ptr<ClientProtocol> make_client_http1(ClientProtocolHost& host) {
  return std::make_unique<ClientHttp1>(host);
}

}  // namespace claviger::http
