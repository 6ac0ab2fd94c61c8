// HTTP/2 of a client over nghttp2.
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "core/http/client_protocol.h"
#include "core/http/limits.h"
#include "core/http/spare_memory.h"

namespace claviger::http {
namespace {

// Requests of one connection at once, when the server allows them: RFC 9113 clause 6.5.2 recommends 100 at least.
constexpr std::size_t kStreamsMax = 100;
constexpr std::int32_t kConnectionWindow = 4 * 1024 * 1024;

class ClientHttp2 final : public ClientProtocol {
 public:
  explicit ClientHttp2(ClientProtocolHost& host);
  ~ClientHttp2() override { nghttp2_session_del(session_); }

  std::size_t in_flight() const override { return exchanges_.size(); }
  std::size_t capacity() const override;
  bool is_finished() const override { return is_ending_; }
  void submit(ClientExchangePtr exchange) override;
  void abandon(ClientExchange& exchange) override;
  void receive(Slice bytes) override;
  std::size_t produce(MutableBytes room) override;
  void closed(Error reason) override;

 private:
  struct Callbacks;
  void add_field(std::int32_t id, std::string_view name, std::string_view value);
  void add_body(std::int32_t id, std::string_view bytes);
  void end_stream(std::int32_t id, std::uint32_t error_code);
  ClientExchangePtr take(std::int32_t id);
  void fail(std::int32_t id, Error reason);

  ClientProtocolHost& host_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, ClientExchangePtr> exchanges_;
  bool is_ending_ = false;
  bool is_going_away_ = false;
  std::size_t served_ = 0;
  Bytes left_over_;
};

// From C to our objects; none of them throws.
struct ClientHttp2::Callbacks {
  static ClientHttp2& self(void* user) { return *static_cast<ClientHttp2*>(user); }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    self(user).add_field(frame->hd.stream_id, {reinterpret_cast<const char*>(name), name_size},
                         {reinterpret_cast<const char*>(value), value_size});
    return 0;
  }
  static int data_chunk(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size,
                        void* user) {
    self(user).add_body(id, {reinterpret_cast<const char*>(data), size});
    return 0;
  }
  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) self(user).is_going_away_ = true;
    return 0;
  }
  static int stream_closed(nghttp2_session*, std::int32_t id, std::uint32_t error_code, void* user) {
    self(user).end_stream(id, error_code);
    return 0;
  }
  static ssize_t read(nghttp2_session*, std::int32_t, std::uint8_t* to, std::size_t length, std::uint32_t* flags,
                      nghttp2_data_source* source, void*) {
    auto& exchange = *static_cast<ClientExchange*>(source->ptr);
    const std::string& body = exchange.request.body;
    const std::size_t count = std::min(length, body.size() - exchange.body_sent);
    std::memcpy(to, body.data() + exchange.body_sent, count);  // copy: into nghttp2's frame
    exchange.body_sent += count;
    if (exchange.body_sent == body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }

  static const nghttp2_session_callbacks* shared() {
    static nghttp2_session_callbacks* const made = [] {  // lives as long as the process; nghttp2 only reads it
      nghttp2_session_callbacks* fresh = nullptr;
      CLAVIGER_ASSERT(nghttp2_session_callbacks_new(&fresh) == 0);
      nghttp2_session_callbacks_set_on_header_callback(fresh, &Callbacks::header);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(fresh, &Callbacks::data_chunk);
      nghttp2_session_callbacks_set_on_frame_recv_callback(fresh, &Callbacks::frame_received);
      nghttp2_session_callbacks_set_on_stream_close_callback(fresh, &Callbacks::stream_closed);
      return fresh;
    }();
    return made;
  }
};

nghttp2_nv field(std::string_view name, std::string_view value) {
  nghttp2_nv nv{};
  nv.name = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(name.data()));
  nv.namelen = name.size();
  nv.value = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(value.data()));
  nv.valuelen = value.size();
  return nv;
}

ClientHttp2::ClientHttp2(ClientProtocolHost& host) : host_(host) {
  // Which is wiped when it is given back: copies of our fields are in it.
  CLAVIGER_ASSERT(nghttp2_session_client_new3(&session_, Callbacks::shared(), this, nullptr, spare_nghttp2_memory()) ==
                  0);
  const std::array settings{nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                            nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kAnswerHeaderBytesMax}};
  CLAVIGER_ASSERT(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  CLAVIGER_ASSERT(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow) == 0);
}

std::size_t ClientHttp2::capacity() const {
  if (is_ending_ || is_going_away_ || nghttp2_session_check_request_allowed(session_) == 0) return 0;
  const std::size_t allowed = nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  const std::size_t most = std::min(allowed, kStreamsMax);
  return most > exchanges_.size() ? most - exchanges_.size() : 0;
}

void ClientHttp2::submit(ClientExchangePtr exchange) {
  const ClientRequest& request = exchange->request;
  std::vector<nghttp2_nv> fields{field(":method", name_of(request.method)),
                                 field(":scheme", exchange->is_https ? "https" : "http"),
                                 field(":authority", exchange->authority), field(":path", exchange->target)};
  const std::string length = std::to_string(request.body.size());
  if (!request.body.empty()) fields.push_back(field("content-length", length));
  if (!request.content_type.empty()) fields.push_back(field("content-type", request.content_type));
  for (const ClientHeader& header : request.headers) fields.push_back(field(header.name, header.value));
  nghttp2_data_provider provider{};
  provider.source.ptr = exchange.get();
  provider.read_callback = &Callbacks::read;
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                                 request.body.empty() ? nullptr : &provider, nullptr);
  if (id < 0) return host_.finish(exchange, Error{Code::ProtocolError, "client.submit"});
  exchange->carrier = this;
  exchange->stream = id;
  exchanges_.emplace(id, std::move(exchange));
  host_.update();
}

ClientExchangePtr ClientHttp2::take(std::int32_t id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return nullptr;
  ClientExchangePtr exchange = std::move(found->second);
  exchanges_.erase(found);
  exchange->carrier = nullptr;
  return exchange;
}

// The stream is reset; nghttp2 may still ask for its body, so the exchange stays until the stream is closed.
void ClientHttp2::fail(std::int32_t id, Error reason) {
  const auto found = exchanges_.find(id);
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  if (found != exchanges_.end()) host_.finish(found->second, reason);
  host_.update();
}

void ClientHttp2::abandon(ClientExchange& exchange) { fail(exchange.stream, {Code::Cancelled, "client"}); }

void ClientHttp2::add_field(std::int32_t id, std::string_view name, std::string_view value) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  ClientExchange& exchange = *found->second;
  exchange.has_answer_begun = true;
  exchange.header_bytes += name.size() + value.size() + 32;
  if (exchange.header_bytes > kAnswerHeaderBytesMax) return fail(id, {Code::HeaderTooLarge, "client.fields"});
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), exchange.response.status);
    exchange.response.headers.clear();  // of an interim answer
  } else {
    exchange.response.headers.push_back({std::string(name), std::string(value)});
  }
}

void ClientHttp2::add_body(std::int32_t id, std::string_view bytes) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  ClientExchange& exchange = *found->second;
  std::string& body = exchange.response.body;
  if (bytes.size() > exchange.request.response_bytes_max - body.size())
    return fail(id, {Code::TooLarge, "client.body"});
  append_wiping(body, bytes);
}

void ClientHttp2::end_stream(std::int32_t id, std::uint32_t error_code) {
  const ClientExchangePtr exchange = take(id);
  if (exchange == nullptr) return;
  if (error_code == NGHTTP2_REFUSED_STREAM) return host_.retry(exchange, {Code::Refused, "client.stream"});
  const bool is_whole = exchange->response.status >= 200 && error_code == NGHTTP2_NO_ERROR;
  if (!is_whole) return host_.finish(exchange, Error{Code::ProtocolError, "client.reset"});
  ++served_;
  exchange->response.is_http2 = true;
  host_.finish(exchange, std::move(exchange->response));
}

void ClientHttp2::receive(Slice bytes) {
  if (is_ending_) return;
  if (nghttp2_session_mem_recv(session_, as_uchar(bytes.bytes()), bytes.size()) < 0) is_ending_ = true;
  if (is_going_away_ && exchanges_.empty()) is_ending_ = true;
  host_.update();
}

std::size_t ClientHttp2::produce(MutableBytes room) {
  std::size_t produced = 0;
  for (;;) {
    const std::size_t count = std::min(left_over_.size(), room.size() - produced);
    if (count > 0) std::memcpy(room.data() + produced, left_over_.data(), count);  // copy: into the record
    produced += count;
    left_over_ = left_over_.subspan(count);
    if (!left_over_.empty()) break;
    const std::uint8_t* frame = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &frame);
    if (size < 0) is_ending_ = true;
    if (size <= 0) break;
    left_over_ = std::as_bytes(std::span(frame, static_cast<std::size_t>(size)));
  }
  const bool is_over = nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
  if (produced == 0 && is_over) is_ending_ = true;
  return produced;
}

void ClientHttp2::closed(Error reason) {
  is_ending_ = true;
  while (!exchanges_.empty()) {
    const ClientExchangePtr exchange = take(exchanges_.begin()->first);
    const bool may_retry = served_ > 0 && !exchange->has_answer_begun && is_idempotent(exchange->request.method);
    may_retry ? host_.retry(exchange, reason) : host_.finish(exchange, reason);
  }
}

}  // namespace

std::unique_ptr<ClientProtocol> make_client_http2(ClientProtocolHost& host) {
  return std::make_unique<ClientHttp2>(host);
}

}  // namespace claviger::http
