#include "tests/system/feed_example/tls_connection.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <charconv>
#include <utility>

namespace claviger::example {
namespace {

// The value of a header field in a head of lines that end in CR LF; names compared without case, as HTTP does.
std::string_view field(std::string_view head, std::string_view lower_name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() <= lower_name.size() || line[lower_name.size()] != ':') continue;
    bool is_same = true;
    for (std::size_t i = 0; i < lower_name.size(); ++i) is_same = is_same && (line[i] | 0x20) == lower_name[i];
    if (!is_same) continue;
    line.remove_prefix(lower_name.size() + 1);
    while (line.starts_with(' ')) line.remove_prefix(1);
    return line;
  }
  return {};
}

template <typename T>
Result<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return Error{Code::BadValue, "example.number"};
  return value;
}

}  // namespace

void TlsConnection::FreeContext::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void TlsConnection::FreeBio::operator()(bio_st* bio) const { BIO_free_all(bio); }

TlsConnection::TlsConnection(std::string host, std::string port, std::unique_ptr<ssl_ctx_st, FreeContext> context)
    : host_(std::move(host)), port_(std::move(port)), context_(std::move(context)) {}
TlsConnection::TlsConnection(TlsConnection&&) noexcept = default;
TlsConnection& TlsConnection::operator=(TlsConnection&&) noexcept = default;
TlsConnection::~TlsConnection() = default;

Result<TlsConnection> TlsConnection::create(const codec::Uri& origin, const std::string& ca_file) {
  std::unique_ptr<ssl_ctx_st, FreeContext> context(SSL_CTX_new(TLS_client_method()));
  if (!context || SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) != 1) {
    return Error{Code::Unreadable, "example.ca"};
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return TlsConnection(std::string(origin.host), std::to_string(origin.effective_port().value_or(443)),
                       std::move(context));
}

Result<Unit> TlsConnection::connect() {
  received_.clear();
  connection_.reset(BIO_new_ssl_connect(context_.get()));
  SSL* tls = nullptr;
  if (!connection_ || BIO_get_ssl(connection_.get(), &tls) != 1) return Error{Code::CryptoFailure, "example.connect"};
  BIO_set_conn_hostname(connection_.get(), host_.c_str());
  BIO_set_conn_port(connection_.get(), port_.c_str());
  // An address is compared with the certificate's addresses, a name with its names.
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host_.c_str()) != 1) {
    SSL_set1_host(tls, host_.c_str());
    SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             host_.data());  // the macro casts in the old style
  }
  if (BIO_do_connect(connection_.get()) != 1) {
    connection_.reset();
    return Error{Code::Unreachable, "example.connect"};
  }
  return Unit{};
}

Result<Unit> TlsConnection::read_more() {
  std::array<char, 16 * 1024> buffer;
  const int count = BIO_read(connection_.get(), buffer.data(), static_cast<int>(buffer.size()));
  if (count <= 0) return Error{Code::PeerClosed, "example.read"};
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  if (received_.size() > kAnswerBytesMax) return Error{Code::TooLarge, "example.read"};
  return Unit{};
}

Result<Answer> TlsConnection::exchange(const std::string& request) {
  if (BIO_write(connection_.get(), request.data(), static_cast<int>(request.size())) !=
      static_cast<int>(request.size())) {
    return Error{Code::PeerClosed, "example.write"};
  }
  std::size_t head_end = std::string::npos;
  while ((head_end = received_.find("\r\n\r\n")) == std::string::npos) {
    CLAVIGER_TRY(more, read_more());
  }
  // "HTTP/1.1 200 ..."; the broker always says how long its answer is.
  const std::string_view head = std::string_view(received_).substr(0, head_end + 2);
  if (head.size() < 12) return Error{Code::BadValue, "example.status"};
  CLAVIGER_TRY(status, number<int>(head.substr(9, 3)));
  CLAVIGER_TRY(length, number<std::size_t>(field(head, "content-length")));
  if (length > kAnswerBytesMax) return Error{Code::TooLarge, "example.length"};
  while (received_.size() - head_end - 4 < length) {
    CLAVIGER_TRY(more, read_more());
  }
  Answer answer{status, received_.substr(head_end + 4, length)};
  received_.erase(0, head_end + 4 + length);
  return answer;
}

Result<Answer> TlsConnection::get(std::string_view path, std::string_view header_lines) {
  if (!connection_) {
    CLAVIGER_TRY(connected, connect());
  }
  std::string request = "GET ";
  request.append(path).append(" HTTP/1.1\r\nHost: ").append(host_).append(":").append(port_).append("\r\n");
  request.append(header_lines).append("\r\n");
  auto answer = exchange(request);
  if (!answer) connection_.reset();
  return answer;
}

}  // namespace claviger::example
