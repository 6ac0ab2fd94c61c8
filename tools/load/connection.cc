#include "tools/load/connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace claviger::load {
namespace {

std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

int connect_to(const Target& target) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found) != 0) return -1;
  int connected = -1;
  for (const addrinfo* one = found; one != nullptr && connected < 0; one = one->ai_next) {
    const int descriptor = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (descriptor < 0) continue;
    if (connect(descriptor, one->ai_addr, one->ai_addrlen) == 0) {
      connected = descriptor;
    } else {
      close(descriptor);
    }
  }
  freeaddrinfo(found);
  return connected;
}

}  // namespace

Connection::Connection(Listener& listener, std::size_t first_slot, std::size_t slots)
    : listener_(listener), first_slot_(first_slot), streams_(slots) {}

Connection::~Connection() {
  if (session_ != nullptr) nghttp2_session_del(session_);
  if (ssl_ != nullptr) SSL_free(ssl_);
  if (socket_ >= 0) close(socket_);
}

std::string Connection::open(const Target& target, SSL_CTX* context) {
  socket_ = connect_to(target);
  if (socket_ < 0) return "cannot connect to " + target.host + ":" + target.port;
  const int one = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  authority_ = target.host + ":" + target.port;
  ssl_ = SSL_new(context);
  // SSL_set_tlsext_host_name() is a macro with an old-style cast.
  SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(target.host.c_str()));
  SSL_set1_host(ssl_, target.host.c_str());
  SSL_set_fd(ssl_, socket_);
  if (SSL_connect(ssl_) != 1) return "TLS handshake with " + authority_ + " failed";
  fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) | O_NONBLOCK);

  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &Connection::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &Connection::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &Connection::on_close);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20},
                                             {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 2);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, 1 << 28);
  flush();
  return {};
}

ssize_t Connection::read_body(nghttp2_session*, std::int32_t, std::uint8_t* buffer, std::size_t room,
                              std::uint32_t* flags, nghttp2_data_source* source, void*) {
  auto* stream = static_cast<Stream*>(source->ptr);
  const std::size_t size = std::min(room, stream->body.size() - stream->body_sent);
  std::memcpy(buffer, stream->body.data() + stream->body_sent, size);
  stream->body_sent += size;
  if (stream->body_sent == stream->body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(size);
}

std::uint64_t Connection::octets() const {
  if (ssl_ == nullptr) return 0;
  return BIO_number_read(SSL_get_rbio(ssl_)) + BIO_number_written(SSL_get_wbio(ssl_));
}

void Connection::submit(std::size_t slot, const Request& request) {
  if (!is_open()) return;
  Stream& stream = streams_[slot - first_slot_];
  stream.answer = Answer{};
  stream.body = request.body;
  stream.body_sent = 0;
  stream.is_busy = true;
  std::vector<nghttp2_nv> headers;
  const auto add = [&headers](std::string_view name, std::string_view value) {
    headers.push_back({const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(name.data())),
                       const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(value.data())), name.size(),
                       value.size(), NGHTTP2_NV_FLAG_NONE});
  };
  const std::string length = std::to_string(request.body.size());
  add(":method", request.method);
  add(":scheme", "https");
  add(":authority", authority_);
  add(":path", request.path);
  for (const RequestHeader& header : request.headers) add(header.name, header.value);
  if (!request.body.empty()) add("content-length", length);
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = &Connection::read_body;
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(),
                                                 request.body.empty() ? nullptr : &provider, &stream);
  if (id < 0) fail("the server takes no more streams");
}

int Connection::on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                          std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                          void*) {
  auto* stream = static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
  if (stream == nullptr) return 0;
  const std::string_view field = view(name, name_size);
  const std::string_view text = view(value, value_size);
  if (field == ":status")
    stream->answer.status = std::atoi(std::string(text).c_str());
  else if (field == "location")
    stream->answer.location = text;
  // The first is the sign-in's; the device's own, behind it, is not kept: each sign-in is another device.
  else if (field == "set-cookie" && stream->answer.cookie.empty())
    stream->answer.cookie = text.substr(0, text.find(';'));
  else if (field == "retry-after")
    stream->answer.retry_after = text;
  return 0;
}

int Connection::on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                        std::size_t size, void*) {
  auto* stream = static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
  if (stream != nullptr) stream->answer.body.append(view(data, size));
  return 0;
}

int Connection::on_close(nghttp2_session* session, std::int32_t id, std::uint32_t error, void* user) {
  auto* self = static_cast<Connection*>(user);
  auto* stream = static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
  if (stream == nullptr || !stream->is_busy) return 0;
  stream->is_busy = false;
  if (error != 0) stream->answer.status = 0;
  self->listener_.answered(self->first_slot_ + static_cast<std::size_t>(stream - self->streams_.data()),
                           stream->answer);
  return 0;
}

void Connection::on_ready() {
  std::uint8_t buffer[64 * 1024];
  while (is_open()) {
    const int size = SSL_read(ssl_, buffer, sizeof buffer);
    if (size > 0) {
      if (nghttp2_session_mem_recv(session_, buffer, static_cast<std::size_t>(size)) < 0)
        fail("bad HTTP/2 from the server");
      continue;
    }
    const int error = SSL_get_error(ssl_, size);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) break;
    fail("the server closed a connection");
  }
  flush();
}

void Connection::gather() {
  const std::uint8_t* data = nullptr;
  constexpr std::size_t kGatherMax = 256 * 1024;
  while (out_.size() < kGatherMax) {
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size <= 0) return;
    out_.append(view(data, static_cast<std::size_t>(size)));
  }
}

void Connection::flush() {
  while (is_open()) {
    if (out_sent_ == out_.size()) {
      out_.clear();
      out_sent_ = 0;
      gather();
      if (out_.empty()) break;
    }
    const int size = SSL_write(ssl_, out_.data() + out_sent_, static_cast<int>(out_.size() - out_sent_));
    if (size > 0) {
      out_sent_ += static_cast<std::size_t>(size);
      continue;
    }
    const int error = SSL_get_error(ssl_, size);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      wants_write_ = true;
      return;
    }
    fail("the server closed a connection");
  }
  wants_write_ = false;
}

void Connection::fail(const std::string& why) {
  if (is_broken_) return;
  is_broken_ = true;
  listener_.broken(why);
}

}  // namespace claviger::load
