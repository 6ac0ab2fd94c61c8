#include "core/net/tls_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <array>

#include "core/net/tls_session.h"

namespace claviger::net {

struct TlsContextCallbacks {
  static TlsContext* owner(SSL* ssl) { return static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl))); }

  static int select_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                         unsigned offered_length, void*) {
    const std::string& ours = owner(ssl)->alpn_;
    unsigned char* chosen = nullptr;
    const int found = SSL_select_next_proto(&chosen, out_length, reinterpret_cast<const unsigned char*>(ours.data()),
                                            static_cast<unsigned>(ours.size()), offered, offered_length);
    if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 clause 3.2
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
  }

  // RFC 8705 clause 2.2: a self-signed certificate authenticates a client that registered it. So a chain that does
  // not end at the CA is no reason to refuse here; what the check found stays in SSL_get_verify_result().
  static int verify_leniently(X509_STORE_CTX* store, void*) {
    if (X509_verify_cert(store) <= 0 && X509_STORE_CTX_get_error(store) == X509_V_OK) {
      X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
    }
    return 1;
  }

  static bool set_up(const TicketKey& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                     int encrypt) {
    std::array<char, 7> digest{"SHA256"};
    const std::array<OSSL_PARAM, 2> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
    const Bytes authentication = key.authentication.reveal();
    return EVP_MAC_init(mac, as_uchar(authentication), authentication.size(), parameters.data()) == 1 &&
           EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, as_uchar(Bytes(key.encryption.reveal())), iv,
                             encrypt) == 1;
  }

  // A client's: RFC 8446 clause 4.6.1. 1: the reference is ours now.
  static int keep_session(SSL* ssl, SSL_SESSION* session) {
    static_cast<TlsSession*>(SSL_get_app_data(ssl))->resumption_ = TlsResumption(session, &SSL_SESSION_free);
    return 1;
  }

  static void count_message(int is_written, int, int content_type, const void*, std::size_t, SSL* ssl, void*) {
    if (is_written != 0 || content_type != SSL3_RT_HANDSHAKE) return;
    auto* session = static_cast<TlsSession*>(SSL_get_app_data(ssl));
    if (session->is_established_) ++session->post_handshake_messages_;
  }

  // 0: make a full handshake; 1: taken; 2: taken, but a new ticket is due; negative: error.
  static int ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                        int encrypt) {
    const TicketKeys& keys = *owner(ssl)->ticket_keys_;
    if (encrypt != 0) {
      const TicketKey key = keys.current();
      std::memcpy(name, key.name.data(), key.name.size());
      if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
      return set_up(key, iv, cipher, mac, 1) ? 1 : -1;
    }
    const auto found = keys.find(std::as_bytes(std::span(name, 16)));
    if (!found) return 0;
    if (!set_up(found->key, iv, cipher, mac, 0)) return -1;
    return found->is_current ? 1 : 2;
  }
};

namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, Freed<X509_CRL_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

// Certificates or CRLs of one file: more is a mistake (the system's store has some 140).
constexpr std::size_t kPemItemsMax = 1024;
// Two lifetimes: a ticket made just before a rotation is still good one lifetime later.
constexpr long kTicketSeconds = 2 * kTicketKeyLifetime.count();

BioPtr bio_of(Bytes bytes) { return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))); }

// Every certificate of a PEM text, in order.
Result<std::vector<X509Ptr>> read_certificates(const std::string& pem) {
  const BioPtr bio = bio_of(as_bytes(pem));
  std::vector<X509Ptr> found;
  while (X509Ptr certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (found.size() == kPemItemsMax) return Error{Code::TooMany, "tls.certificates"};
    found.push_back(std::move(certificate));
  }
  ERR_clear_error();
  if (found.empty()) return Error{Code::CertificateInvalid, "tls.pem"};
  return found;
}

// A key file with a password is refused instead of asking at a terminal.
int no_password(char*, int, int, void*) { return -1; }

std::string alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    CLAVIGER_ASSERT(!name.empty() && name.size() < 256);
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

}  // namespace

TlsContext::~TlsContext() { SSL_CTX_free(native_); }

Result<Unit> TlsContext::set_up_common() {
  native_ = SSL_CTX_new(is_server_ ? TLS_server_method() : TLS_client_method());
  if (native_ == nullptr) return Error{Code::CryptoFailure, "tls.context"};
  SSL_CTX_set_app_data(native_, this);
  SSL_CTX_set_options(native_, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_msg_callback(native_, &TlsContextCallbacks::count_message);
  // Buffers of 16 KiB each way are held only while a record is in them: idle connections are many.
  SSL_CTX_set_mode(native_, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(native_, SSL_SESS_CACHE_OFF);
  // AES-128 before AES-256: no attack on it is known, and its key schedule and SHA-256 cost less in each handshake.
  const bool is_set = SSL_CTX_set_min_proto_version(native_, TLS1_2_VERSION) == 1 &&
                      SSL_CTX_set_ciphersuites(
                          native_, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
                      SSL_CTX_set_cipher_list(native_, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
                      SSL_CTX_set1_groups_list(native_, "X25519:P-256:P-384") == 1;
  if (!is_set) return Error{Code::CryptoFailure, "tls.parameters"};
  return Unit{};
}

Result<Unit> TlsContext::use_certificate(const std::string& chain_pem, const SecretBytes& key_pem) {
  CLAVIGER_TRY(chain, read_certificates(chain_pem));
  const BioPtr bio = bio_of(key_pem.reveal());
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_password, nullptr));
  bool is_set = key != nullptr && SSL_CTX_use_certificate(native_, chain[0].get()) == 1;
  for (std::size_t i = 1; i < chain.size(); ++i)
    is_set = is_set && SSL_CTX_add1_chain_cert(native_, chain[i].get()) == 1;
  is_set = is_set && SSL_CTX_use_PrivateKey(native_, key.get()) == 1 && SSL_CTX_check_private_key(native_) == 1;
  ERR_clear_error();
  if (!key) return Error{Code::KeyMalformed, "tls.private_key"};
  if (!is_set) return Error{Code::CertificateInvalid, "tls.certificate_and_key"};
  return Unit{};
}

Result<Unit> TlsContext::trust(const std::string& ca_pem, const std::string& crls_pem, bool names_to_peer) {
  CLAVIGER_TRY(anchors, read_certificates(ca_pem));
  X509_STORE* store = SSL_CTX_get_cert_store(native_);
  for (const X509Ptr& anchor : anchors) {
    if (X509_STORE_add_cert(store, anchor.get()) != 1) return Error{Code::CertificateInvalid, "tls.ca"};
    if (names_to_peer && SSL_CTX_add_client_CA(native_, anchor.get()) != 1) {
      return Error{Code::CertificateInvalid, "tls.ca"};
    }
  }
  if (crls_pem.empty()) return Unit{};
  const BioPtr bio = bio_of(as_bytes(crls_pem));
  std::size_t count = 0;
  while (CrlPtr crl{PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)}) {
    if (++count > kPemItemsMax) return Error{Code::TooMany, "tls.crls"};
    if (X509_STORE_add_crl(store, crl.get()) != 1) return Error{Code::CertificateInvalid, "tls.crl"};
  }
  ERR_clear_error();
  if (count == 0) return Error{Code::CertificateInvalid, "tls.crl"};
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return Unit{};
}

// libssl builds and verifies the chain of its own certificate anew in each handshake where a store is there to build it
// from (a fifth of the handshake's CPU): here once, of what the certificate's file leaves out and the store has. Without
// the root, which peers trust or do not (RFC 8446 clause 4.4.2). What cannot be built is left as it stands in the file.
void TlsContext::settle_own_chain() {
  STACK_OF(X509)* chain = nullptr;
  if (SSL_CTX_get0_certificate(native_) != nullptr && SSL_CTX_get0_chain_certs(native_, &chain) == 1 &&
      sk_X509_num(chain) <= 0) {
    SSL_CTX_build_cert_chain(
        native_, SSL_BUILD_CHAIN_FLAG_NO_ROOT | SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR | SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR);
    ERR_clear_error();
  }
  SSL_CTX_set_mode(native_, SSL_MODE_NO_AUTO_CHAIN);
}

// A session made under another trust or another name must not be resumed here: its client was checked by other rules.
Result<Unit> TlsContext::name_sessions(const TlsServerOptions& options) {
  const std::string basis = options.session_name + '\0' + std::to_string(static_cast<int>(options.client_certificate)) +
                            '\0' + options.client_ca_pem + '\0' + options.client_crls_pem;
  std::array<unsigned char, 32> digest{};
  if (EVP_Digest(basis.data(), basis.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1 ||
      SSL_CTX_set_session_id_context(native_, digest.data(), digest.size()) != 1) {
    return Error{Code::CryptoFailure, "tls.session_name"};
  }
  return Unit{};
}

void TlsContext::use_tickets(std::shared_ptr<TicketKeys> keys) {
  ticket_keys_ = std::move(keys);
  if (ticket_keys_ == nullptr) {
    SSL_CTX_set_options(native_, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(native_, 0);
    return;
  }
  SSL_CTX_set_timeout(native_, kTicketSeconds);
  SSL_CTX_set_num_tickets(native_, 1);  // one is enough: clients keep their connection
  SSL_CTX_set_tlsext_ticket_key_evp_cb(native_, &TlsContextCallbacks::ticket_key);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::server(TlsServerOptions options) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  made->is_server_ = true;
  CLAVIGER_TRY(common, made->set_up_common());
  CLAVIGER_TRY(certificate, made->use_certificate(options.certificate_chain_pem, options.private_key_pem));
  made->alpn_ = alpn_wire(options.alpn);
  if (!made->alpn_.empty()) SSL_CTX_set_alpn_select_cb(made->native_, &TlsContextCallbacks::select_alpn, nullptr);
  if (options.client_certificate != ClientCertificate::None) {
    if (!options.client_ca_pem.empty()) {
      CLAVIGER_TRY(trusted, made->trust(options.client_ca_pem, options.client_crls_pem, true));
    } else if (options.client_certificate == ClientCertificate::Required) {
      return Error{Code::ConfigMissing, "tls.client_ca"};
    }
    const bool is_required = options.client_certificate == ClientCertificate::Required;
    SSL_CTX_set_verify(made->native_, SSL_VERIFY_PEER | (is_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    if (!is_required) {
      SSL_CTX_set_cert_verify_callback(made->native_, &TlsContextCallbacks::verify_leniently, nullptr);
    }
  }
  made->settle_own_chain();
  CLAVIGER_TRY(named, made->name_sessions(options));
  made->use_tickets(std::move(options.ticket_keys));
  return std::shared_ptr<const TlsContext>(std::move(made));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(TlsClientOptions options) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  CLAVIGER_TRY(common, made->set_up_common());
  if (options.ca_pem.empty()) {
    if (SSL_CTX_set_default_verify_paths(made->native_) != 1) return Error{Code::CertificateInvalid, "tls.system_ca"};
  } else {
    CLAVIGER_TRY(trusted, made->trust(options.ca_pem, {}, false));
  }
  SSL_CTX_set_verify(made->native_, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(made->native_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(made->native_, &TlsContextCallbacks::keep_session);
  if (!options.certificate_chain_pem.empty()) {
    CLAVIGER_TRY(certificate, made->use_certificate(options.certificate_chain_pem, options.private_key_pem));
  }
  made->settle_own_chain();
  made->alpn_ = alpn_wire(options.alpn);
  if (!made->alpn_.empty() &&
      SSL_CTX_set_alpn_protos(made->native_, reinterpret_cast<const unsigned char*>(made->alpn_.data()),
                              static_cast<unsigned>(made->alpn_.size())) != 0) {
    return Error{Code::CryptoFailure, "tls.alpn"};
  }
  return std::shared_ptr<const TlsContext>(std::move(made));
}

}  // namespace claviger::net
