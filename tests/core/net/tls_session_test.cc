#include "core/net/tls_session.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include "core/net/descriptor.h"
#include "tests/core/net/certificates.h"

namespace claviger::net {
namespace {

// One end of a connection in memory.
struct End {
  End(SlabPool& pool, std::shared_ptr<const TlsContext> context, const std::string& name = {},
      const TlsResumption& resumption = {})
      : output(pool), tls(*TlsSession::make(std::move(context), output, name, resumption)) {}

  // What it wants to send, through a socket pair: a SendQueue gives its bytes to sockets only.
  std::string take() {
    std::string all;
    std::array<int, 2> numbers{};
    CLAVIGER_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, numbers.data()) == 0);
    const Descriptor in(numbers[0]);
    const Descriptor out(numbers[1]);
    std::array<char, 65536> piece;
    while (!output.empty()) {
      CLAVIGER_ASSERT(output.write_to(in.number()).has_value());
      for (ssize_t count = 0; (count = recv(out.number(), piece.data(), piece.size(), 0)) > 0;) {
        all.append(piece.data(), static_cast<std::size_t>(count));
      }
    }
    return all;
  }
  // Feeds and goes on with the handshake, or collects plaintext. False: broken.
  bool feed(std::string_view bytes) {
    tls->set_input(as_bytes(bytes));
    if (!tls->is_established()) {
      const auto done = tls->handshake();
      if (!done) return last_error = done.error().code, false;
    }
    while (tls->is_established()) {
      std::array<std::byte, 16384> to;
      const auto count = tls->read(to);
      if (!count) return last_error = count.error().code, false;
      if (*count == 0) break;
      plaintext += as_text(Bytes(to).first(*count));
    }
    return true;
  }
  SendQueue output;
  std::unique_ptr<TlsSession> tls;
  std::string plaintext;
  Code last_error = Code::Internal;
};

struct Tls : testing::Test {
  // True when both are established in the end.
  bool shake(End& client, End& server) {
    if (!client.feed({})) return false;
    for (int flight = 0; flight < 8; ++flight) {
      const std::string from_client = client.take();
      if (!from_client.empty() && !server.feed(from_client)) return client.feed(server.take()), false;
      const std::string from_server = server.take();
      if (!from_server.empty() && !client.feed(from_server)) return false;
    }
    return client.tls->is_established() && server.tls->is_established();
  }
  SlabPool pool;
};

TEST_F(Tls, CarriesBytesBothWays) {
  End client(pool, client_context(), "localhost");
  End server(pool, server_context());
  ASSERT_TRUE(shake(client, server));
  EXPECT_EQ(client.tls->alpn(), "h2");
  EXPECT_EQ(server.tls->alpn(), "h2");
  EXPECT_FALSE(server.tls->peer_certificate());
  ASSERT_TRUE(client.tls->write(as_bytes("question")));
  ASSERT_TRUE(server.feed(client.take()));
  EXPECT_EQ(server.plaintext, "question");
  ASSERT_TRUE(server.tls->write(as_bytes("answer")));
  ASSERT_TRUE(client.feed(server.take()));
  EXPECT_EQ(client.plaintext, "answer");
}

TEST_F(Tls, RecordsMayComeByteByByte) {
  End client(pool, client_context(), "127.0.0.1");
  End server(pool, server_context());
  ASSERT_TRUE(client.feed({}));
  for (int flight = 0; flight < 8; ++flight) {
    for (const char byte : client.take()) ASSERT_TRUE(server.feed({&byte, 1}));
    for (const char byte : server.take()) ASSERT_TRUE(client.feed({&byte, 1}));
  }
  ASSERT_TRUE(server.tls->is_established());
  ASSERT_TRUE(client.tls->write(as_bytes("question")));
  for (const char byte : client.take()) ASSERT_TRUE(server.feed({&byte, 1}));
  EXPECT_EQ(server.plaintext, "question");
}

TEST_F(Tls, AnEndIsTold) {
  End client(pool, client_context(), "localhost");
  End server(pool, server_context());
  ASSERT_TRUE(shake(client, server));
  client.tls->close_notify();
  EXPECT_FALSE(server.feed(client.take()));
  EXPECT_EQ(server.last_error, Code::PeerClosed);
}

TEST_F(Tls, AChangedRecordBreaksTheConnection) {
  End client(pool, client_context(), "localhost");
  End server(pool, server_context());
  ASSERT_TRUE(shake(client, server));
  ASSERT_TRUE(client.tls->write(as_bytes("question")));
  std::string record = client.take();
  record.back() = static_cast<char>(record.back() ^ 1);
  EXPECT_FALSE(server.feed(record));
  EXPECT_EQ(server.last_error, Code::TlsFailure);
}

TEST_F(Tls, AFloodOfKeyUpdatesIsCutOff) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> client(SSL_new(context.get()), &SSL_free);
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(client.get(), in, out);
  const auto said = [&] {
    std::string all(1'000'000, '\0');
    const int count = BIO_read(out, all.data(), static_cast<int>(all.size()));
    all.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return all;
  };
  End server(pool, server_context());
  for (int flight = 0; flight < 8; ++flight) {
    static_cast<void>(SSL_connect(client.get()));
    ASSERT_TRUE(server.feed(said()));
    const std::string answer = server.take();
    BIO_write(in, answer.data(), static_cast<int>(answer.size()));
  }
  ASSERT_TRUE(server.tls->is_established());
  std::uint32_t updates = 0;
  while (updates < 10 * kPostHandshakeMessagesMax) {
    ASSERT_EQ(SSL_key_update(client.get(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(client.get()), 1);
    ++updates;
    if (!server.feed(said())) break;
  }
  EXPECT_EQ(server.last_error, Code::TlsFailure);
  EXPECT_LE(updates, kPostHandshakeMessagesMax + 2);
  EXPECT_GE(updates, kPostHandshakeMessagesMax);
}

TEST_F(Tls, RubbishIsRefused) {
  using namespace std::string_view_literals;
  for (const std::string_view rubbish :
       {"GET / HTTP/1.1\r\n\r\n"sv, "\x16\x03\x01\xff\xff\x01"sv, "\x17\x03\x03\x00\x01\x00"sv}) {
    End server(pool, server_context());
    EXPECT_FALSE(server.feed(rubbish));
    EXPECT_EQ(server.last_error, Code::TlsFailure);
  }
}

TEST_F(Tls, TheClientChecksTheName) {
  for (const std::string name : {"example.org", "127.0.0.2", "ocalhost"}) {
    End client(pool, client_context(), name);
    End server(pool, server_context());
    EXPECT_FALSE(shake(client, server));
    EXPECT_EQ(client.last_error, Code::CertificateInvalid);
  }
}

TEST_F(Tls, TheClientChecksTheCa) {
  TlsClientOptions options;
  options.ca_pem = make_ca("another").certificate_pem();
  End client(pool, client_context(std::move(options)), "localhost");
  End server(pool, server_context());
  EXPECT_FALSE(shake(client, server));
  EXPECT_EQ(client.last_error, Code::CertificateInvalid);
}

TEST_F(Tls, WithoutACommonProtocolThereIsNoConnection) {  // RFC 7301 clause 3.2
  TlsClientOptions options = client_options();
  options.alpn = {"smtp"};
  End client(pool, client_context(std::move(options)), "localhost");
  End server(pool, server_context());
  EXPECT_FALSE(shake(client, server));
}

TEST_F(Tls, AClientMayOfferNoProtocol) {
  TlsClientOptions options = client_options();
  options.alpn = {};
  End client(pool, client_context(std::move(options)), "localhost");
  End server(pool, server_context());
  ASSERT_TRUE(shake(client, server));
  EXPECT_EQ(server.tls->alpn(), "");
}

TEST_F(Tls, ARequiredCertificateMustChainToTheCa) {
  const auto context = server_context(server_options(ClientCertificate::Required));
  const crypto::CertificateAuthority stranger = make_ca("stranger");
  {
    End client(pool, client_context(client_options(&test_ca())), "localhost");
    End server(pool, context);
    ASSERT_TRUE(shake(client, server));
    ASSERT_TRUE(server.tls->peer_certificate());
    EXPECT_TRUE(server.tls->peer_certificate()->is_trusted);
  }
  {
    End client(pool, client_context(), "localhost");
    End server(pool, context);
    EXPECT_FALSE(shake(client, server));
  }
  {
    End client(pool, client_context(client_options(&stranger)), "localhost");
    End server(pool, context);
    EXPECT_FALSE(shake(client, server));
    EXPECT_EQ(server.last_error, Code::CertificateInvalid);
  }
}

TEST_F(Tls, AnOptionalCertificateIsTakenAndJudged) {  // RFC 8705 clause 2.2
  const auto context = server_context(server_options(ClientCertificate::Optional));
  const crypto::CertificateAuthority stranger = make_ca("stranger");
  {
    End client(pool, client_context(), "localhost");
    End server(pool, context);
    ASSERT_TRUE(shake(client, server));
    EXPECT_FALSE(server.tls->peer_certificate());
  }
  for (const crypto::CertificateAuthority* ca : {&test_ca(), &stranger}) {
    End client(pool, client_context(client_options(ca)), "localhost");
    End server(pool, context);
    ASSERT_TRUE(shake(client, server));
    const auto certificate = server.tls->peer_certificate();
    ASSERT_TRUE(certificate);
    EXPECT_EQ(certificate->is_trusted, ca == &test_ca());
    EXPECT_FALSE(certificate->der.empty());
  }
}

TEST_F(Tls, AnExpiredCertificateIsNotTrusted) {
  TlsClientOptions options = client_options();
  crypto::IssuedCertificate issued = issue(test_ca(), crypto::CertificateUse::Client, kLongAgo + 1);
  options.certificate_chain_pem = issued.certificate_pem;
  options.private_key_pem = std::move(issued.private_key_pem);
  End client(pool, client_context(std::move(options)), "localhost");
  End server(pool, server_context(server_options(ClientCertificate::Optional)));
  ASSERT_TRUE(shake(client, server));
  EXPECT_FALSE(server.tls->peer_certificate()->is_trusted);
}

TEST_F(Tls, TheRootIsNotSent) {  // RFC 8446 clause 4.4.2: nor is a chain built of the clients' CAs in each handshake
  const auto flight_size = [this](TlsServerOptions options) {
    End client(pool, client_context(), "localhost");
    End server(pool, server_context(std::move(options)));
    EXPECT_TRUE(client.feed({}));
    EXPECT_TRUE(server.feed(client.take()));
    return server.take().size();
  };
  TlsServerOptions trusts = server_options(ClientCertificate::Optional);
  TlsServerOptions trusts_nobody = server_options(ClientCertificate::Optional);
  trusts_nobody.client_ca_pem.clear();
  // The names of the CAs that a client's certificate may have are sent, but no CA's certificate, which is larger.
  EXPECT_LT(flight_size(std::move(trusts)), flight_size(std::move(trusts_nobody)) + 100);
}

struct FreeOpenSsl {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <typename T>
using Owned = std::unique_ptr<T, FreeOpenSsl>;

Owned<BIO> reading(Bytes text) { return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Owned<X509> certificate_of(const crypto::CertificateAuthority& ca) {
  return Owned<X509>(PEM_read_bio_X509(reading(as_bytes(ca.certificate_pem())).get(), nullptr, nullptr, nullptr));
}

// `ca` with a certificate that `signer` has signed and that allows CAs below it: CertificateAuthority makes neither.
crypto::CertificateAuthority signed_by(const crypto::CertificateAuthority& signer,
                                       const crypto::CertificateAuthority& ca) {
  const Owned<X509> certificate = certificate_of(ca);
  const Owned<X509> issuer = certificate_of(signer);
  const SecretBytes key_pem = *signer.private_key_pem();
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(reading(key_pem.reveal()).get(), nullptr, nullptr, nullptr));
  for (const int kind : {NID_authority_key_identifier, NID_basic_constraints}) {
    const int place = X509_get_ext_by_NID(certificate.get(), kind, -1);
    if (place >= 0) Owned<X509_EXTENSION>(X509_delete_ext(certificate.get(), place));
  }
  const Owned<X509_EXTENSION> is_ca(X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE"));
  EXPECT_EQ(X509_add_ext(certificate.get(), is_ca.get(), -1), 1);
  EXPECT_EQ(X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get())), 1);
  EXPECT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  EXPECT_EQ(PEM_write_bio_X509(out.get(), certificate.get()), 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return *crypto::CertificateAuthority::load({text, static_cast<std::size_t>(size)}, ca.private_key_pem()->reveal());
}

// What the server's file leaves out and its store of CAs has is sent: its peers trust the root alone.
TEST_F(Tls, AnIntermediateOfTheClientsCasIsSent) {  // RFC 8446 clause 4.4.2
  const crypto::CertificateAuthority bare = make_ca("root");
  const crypto::CertificateAuthority root = signed_by(bare, bare);
  const crypto::CertificateAuthority intermediate = signed_by(root, make_ca("intermediate"));
  for (const bool is_known : {true, false}) {
    crypto::IssuedCertificate issued = issue(intermediate, crypto::CertificateUse::Server);
    TlsServerOptions options = server_options(ClientCertificate::Optional);
    options.certificate_chain_pem = issued.certificate_pem;
    options.private_key_pem = std::move(issued.private_key_pem);
    options.client_ca_pem = root.certificate_pem();
    if (is_known) options.client_ca_pem += intermediate.certificate_pem();
    TlsClientOptions trusting;
    trusting.ca_pem = root.certificate_pem();
    End client(pool, client_context(std::move(trusting)), "localhost");
    End server(pool, server_context(std::move(options)));
    EXPECT_EQ(shake(client, server), is_known);
  }
}

struct Resumption : Tls {
  // A connection that fetches a ticket from a server of this context.
  TlsResumption ticket_from(const std::shared_ptr<const TlsContext>& context) {
    End first(pool, client, "localhost");
    End server(pool, context);
    EXPECT_TRUE(shake(first, server));
    EXPECT_FALSE(server.tls->is_resumed());
    return first.tls->resumption();
  }
  bool is_taken_by(const std::shared_ptr<const TlsContext>& context, const TlsResumption& ticket) {
    End again(pool, client, "localhost", ticket);
    End server(pool, context);
    EXPECT_TRUE(shake(again, server));
    return server.tls->is_resumed();
  }
  std::shared_ptr<const TlsContext> client = client_context(client_options(&test_ca()));
};

TEST_F(Resumption, ATicketIsTakenByTheSameContext) {
  const auto context = server_context();
  const TlsResumption ticket = ticket_from(context);
  ASSERT_NE(ticket, nullptr);
  EXPECT_TRUE(is_taken_by(context, ticket));
}

TEST_F(Resumption, AReloadedContextWithTheSameKeysTakesOldTickets) {
  TlsServerOptions first = server_options();
  TlsServerOptions second = server_options();
  second.ticket_keys = first.ticket_keys;
  const TlsResumption ticket = ticket_from(server_context(std::move(first)));
  EXPECT_TRUE(is_taken_by(server_context(std::move(second)), ticket));
}

TEST_F(Resumption, AnotherListenersTicketIsNotTaken) {
  TlsServerOptions first = server_options();
  TlsServerOptions second = server_options();
  second.ticket_keys = first.ticket_keys;
  second.session_name = "another";
  const TlsResumption ticket = ticket_from(server_context(std::move(first)));
  EXPECT_FALSE(is_taken_by(server_context(std::move(second)), ticket));
}

TEST_F(Resumption, ATicketOfAnotherTrustIsNotTaken) {
  TlsServerOptions first = server_options(ClientCertificate::Optional);
  TlsServerOptions second = server_options(ClientCertificate::Required);
  second.ticket_keys = first.ticket_keys;
  const TlsResumption ticket = ticket_from(server_context(std::move(first)));
  EXPECT_FALSE(is_taken_by(server_context(std::move(second)), ticket));
}

TEST_F(Resumption, TheCertificateAndItsJudgementAreResumed) {
  const auto context = server_context(server_options(ClientCertificate::Optional));
  const crypto::CertificateAuthority stranger = make_ca("stranger");
  for (const crypto::CertificateAuthority* ca : {&test_ca(), &stranger}) {
    client = client_context(client_options(ca));
    const TlsResumption ticket = ticket_from(context);
    End again(pool, client, "localhost", ticket);
    End server(pool, context);
    ASSERT_TRUE(shake(again, server));
    ASSERT_TRUE(server.tls->is_resumed());
    ASSERT_TRUE(server.tls->peer_certificate());
    EXPECT_EQ(server.tls->peer_certificate()->is_trusted, ca == &test_ca());
  }
}

TEST_F(Resumption, TicketsOutliveARotationButNotAll) {
  TlsServerOptions options = server_options();
  const std::shared_ptr<TicketKeys> keys = options.ticket_keys;
  const auto context = server_context(std::move(options));
  std::vector<TlsResumption> tickets;  // a client uses each once (RFC 8446 appendix C.4)
  for (std::size_t i = 0; i < kTicketKeysMax; ++i) tickets.push_back(ticket_from(context));
  for (std::size_t i = 1; i < kTicketKeysMax; ++i) {
    keys->rotate();
    EXPECT_TRUE(is_taken_by(context, tickets[i]));
  }
  keys->rotate();
  EXPECT_FALSE(is_taken_by(context, tickets[0]));
}

TEST_F(Resumption, WithoutKeysThereAreNoTickets) {
  TlsServerOptions options = server_options();
  options.ticket_keys = nullptr;
  EXPECT_EQ(ticket_from(server_context(std::move(options))), nullptr);
}

TEST(TlsContext, RefusesWhatDoesNotFit) {
  TlsServerOptions other_key = server_options();
  other_key.private_key_pem = std::move(server_options().private_key_pem);
  EXPECT_TRUE(TlsContext::server(std::move(other_key)).failed_with(Code::CertificateInvalid));
  TlsServerOptions no_certificate = server_options();
  no_certificate.certificate_chain_pem = "rubbish";
  EXPECT_TRUE(TlsContext::server(std::move(no_certificate)).failed_with(Code::CertificateInvalid));
  TlsServerOptions no_key = server_options();
  no_key.private_key_pem = SecretBytes(as_bytes("rubbish"));
  EXPECT_TRUE(TlsContext::server(std::move(no_key)).failed_with(Code::KeyMalformed));
  TlsServerOptions no_ca = server_options(ClientCertificate::Required);
  no_ca.client_ca_pem = {};
  EXPECT_TRUE(TlsContext::server(std::move(no_ca)).failed_with(Code::ConfigMissing));
  TlsServerOptions bad_crl = server_options(ClientCertificate::Required);
  bad_crl.client_crls_pem = "rubbish";
  EXPECT_TRUE(TlsContext::server(std::move(bad_crl)).failed_with(Code::CertificateInvalid));
}

}  // namespace
}  // namespace claviger::net
