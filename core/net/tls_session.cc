#include "core/net/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "core/net/address.h"

namespace claviger::net {

// The BIO under each SSL object: reads from the session's input span, writes to its queue. No buffer of its own.
struct TlsSessionBio {
  static TlsSession* session(BIO* bio) { return static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* to, std::size_t size, std::size_t* read_bytes) {
    BIO_clear_retry_flags(bio);
    Bytes& input = session(bio)->input_;
    if (session(bio)->post_handshake_messages_ > kPostHandshakeMessagesMax) {
      *read_bytes = 0;  // an end without close_notify: the connection is broken off
      return 0;
    }
    if (input.empty()) {
      BIO_set_retry_read(bio);
      *read_bytes = 0;
      return 0;
    }
    const std::size_t count = std::min(size, input.size());
    std::memcpy(to, input.data(), count);  // copy: OpenSSL decrypts in a buffer of its own
    input = input.subspan(count);
    *read_bytes = count;
    return 1;
  }

  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* written) {
    session(bio)->output_.append(as_bytes(std::string_view(from, size)));
    *written = size;
    return 1;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  // Made once, before the first connection's thread goes on; lives as long as the process.
  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "claviger stream");
      CLAVIGER_ASSERT(fresh != nullptr);
      BIO_meth_set_read_ex(fresh, &TlsSessionBio::read);
      BIO_meth_set_write_ex(fresh, &TlsSessionBio::write);
      BIO_meth_set_ctrl(fresh, &TlsSessionBio::control);
      BIO_meth_set_create(fresh, &TlsSessionBio::create);
      return fresh;
    }();
    return made;
  }
};

namespace {

bool set_expected_name(SSL* ssl, const std::string& name) {
  if (Address::ip(name, 0)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // SSL_set_tlsext_host_name() as a call: the macro has a cast that our warnings refuse.
  return SSL_set1_host(ssl, name.c_str()) == 1 &&
         SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name.c_str())) == 1;
}

}  // namespace

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, SendQueue& output)
    : context_(std::move(context)), output_(output) {}

TlsSession::~TlsSession() {
  // Without a close_notify OpenSSL spoils the session for resumption (SSLv3's rule); TLS 1.1 and later do not ask for
  // that (RFC 5246 clause 7.2.1). After an error it stays spoiled.
  if (ssl_ != nullptr && is_established_ && !is_broken_) SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN);
  SSL_free(ssl_);
}

Result<std::unique_ptr<TlsSession>> TlsSession::make(std::shared_ptr<const TlsContext> context, SendQueue& output,
                                                     const std::string& server_name, const TlsResumption& resumption) {
  std::unique_ptr<TlsSession> made(new TlsSession(std::move(context), output));
  made->ssl_ = SSL_new(made->context_->native());
  BIO* bio = BIO_new(TlsSessionBio::method());
  if (made->ssl_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    return Error{Code::CryptoFailure, "tls.session"};
  }
  BIO_set_data(bio, made.get());
  SSL_set_bio(made->ssl_, bio, bio);
  SSL_set_app_data(made->ssl_, made.get());
  if (made->context_->is_server()) {
    SSL_set_accept_state(made->ssl_);
  } else {
    SSL_set_connect_state(made->ssl_);
    if (!set_expected_name(made->ssl_, server_name)) return Error{Code::CryptoFailure, "tls.server_name"};
    // One that does not fit any more is no error: the server makes a full handshake.
    if (resumption != nullptr) SSL_set_session(made->ssl_, resumption.get());
  }
  return made;
}

Result<bool> TlsSession::handshake() {
  const int done = SSL_do_handshake(ssl_);
  if (done == 1) {
    is_established_ = true;
    return true;
  }
  if (SSL_get_error(ssl_, done) == SSL_ERROR_WANT_READ) return false;
  is_broken_ = true;
  ERR_clear_error();
  const bool is_certificate = SSL_get_verify_result(ssl_) != X509_V_OK;
  return Error{is_certificate ? Code::CertificateInvalid : Code::TlsFailure, "tls.handshake"};
}

Result<std::size_t> TlsSession::read(MutableBytes to) {
  // Nothing left to decrypt: saves a call into OpenSSL that only finds that out.
  if (input_.empty() && SSL_pending(ssl_) == 0) return std::size_t{0};
  std::size_t count = 0;
  const int done = SSL_read_ex(ssl_, to.data(), to.size(), &count);
  if (done == 1) return count;
  const int reason = SSL_get_error(ssl_, done);
  if (reason == SSL_ERROR_WANT_READ) return std::size_t{0};
  if (reason == SSL_ERROR_ZERO_RETURN) return Error{Code::PeerClosed, "tls.read"};
  is_broken_ = true;
  ERR_clear_error();
  return Error{Code::TlsFailure, "tls.read"};
}

Result<Unit> TlsSession::write(Bytes plaintext) {
  if (plaintext.empty()) return Unit{};
  std::size_t count = 0;
  if (SSL_write_ex(ssl_, plaintext.data(), plaintext.size(), &count) == 1 && count == plaintext.size()) return Unit{};
  is_broken_ = true;
  ERR_clear_error();
  return Error{Code::TlsFailure, "tls.write"};
}

void TlsSession::close_notify() {
  // After a fatal error SSL_shutdown must not be called.
  if (!is_established_ || is_broken_) return;
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::string_view TlsSession::alpn() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

bool TlsSession::is_resumed() const { return SSL_session_reused(ssl_) == 1; }

std::optional<PeerCertificate> TlsSession::peer_certificate() const {
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr) return std::nullopt;
  PeerCertificate peer;
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  if (length <= 0) return std::nullopt;
  peer.der.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  CLAVIGER_ASSERT(EVP_Digest(peer.der.data(), peer.der.size(), as_uchar(MutableBytes(peer.digest)), nullptr,
                             EVP_sha256(), nullptr) == 1);
  peer.is_trusted = SSL_get_verify_result(ssl_) == X509_V_OK;
  return peer;
}

}  // namespace claviger::net
