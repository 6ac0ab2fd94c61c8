#include <gtest/gtest.h>

#include <algorithm>

#include "broker/exchange/certificate_endpoint.h"
#include "broker/exchange/peer_caller.h"
#include "broker/exchange/peer_procedures.h"
#include "broker/exchange/report_trust.h"
#include "broker/keys/certificate_trust.h"
#include "broker/keys/kms_request.h"
#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/crypto/certificate_authority.h"
#include "core/crypto/private_key_pem.h"
#include "tests/broker/exchange/peers.h"

namespace claviger::exchange {
namespace {

using keys::ExternalCertificate;

// The domain of another system.
keys::Domain bravo() {
  static const std::shared_ptr<const keys::DomainKeys> kKeys = *keys::DomainKeys::generate();
  keys::Domain domain;
  domain.kms_uri = kBravo;
  domain.cert_uri = "cert1.kms.bravo.example.1";
  domain.valid_from = kLongAgo;
  domain.valid_to = kFarAhead;
  domain.public_encryption = kKeys->public_encryption();
  domain.public_authentication = kKeys->public_authentication();
  domain.domains = {"bravo.example"};
  return domain;
}

std::string signed_document(const keys::Domain& domain, const crypto::IssuedCertificate& by) {
  SlabPool slabs;
  return *write_signed_certificate(slabs, domain, by.certificate_pem, by.private_key_pem);
}

Result<keys::CertificateSigned> read(std::string_view text) {
  return keys::read_certificate_signed(text, "SignedKmsCertificate", "KmsCertificate", keys::kKmsNamespace);
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

TEST(SignedCertificate, IsReadAsItWasWrittenAndNamesItsSigner) {
  const std::string text = signed_document(bravo(), issue(std::string(kBravo)));
  const auto document = read(text);
  ASSERT_TRUE(document);
  const auto signer = keys::check_certificate_signed(*document, authority().certificate_pem(), kLongAgo + 1);
  ASSERT_TRUE(signer) << signer.error().where;
  EXPECT_TRUE(keys::is_named(*signer, kBravo));
  EXPECT_FALSE(keys::is_named(*signer, "kms.alpha.example"));
  const auto domain = keys::read_kms_certificate(document->content);
  ASSERT_TRUE(domain);
  EXPECT_EQ(keys::fingerprint_of(*domain), keys::fingerprint_of(bravo()));
  EXPECT_EQ(domain->domains, bravo().domains);
}

TEST(SignedCertificate, RefusesWhateverIsNotAsItWasSigned) {
  const std::string good = signed_document(bravo(), issue(std::string(kBravo)));
  for (const auto& [what, with] :
       {std::pair{"bravo.example</KmsDomain>", "other.example</KmsDomain>"},
        std::pair{"Id=\"certificate\"", "Id=\"other\""}, std::pair{"#certificate", ""},
        std::pair{"#ecdsa-sha256", "#rsa-sha256"}, std::pair{"xmlenc#sha256", "xmldsig#sha1"}}) {
    EXPECT_TRUE(read(replaced(good, what, with)).failed_with(Code::RequestSignature)) << what;
  }
  // Put aside, with another in its place.
  const std::string inner =
      good.substr(good.find("<KmsCertificate"), good.find("<Signature") - good.find("<KmsCertificate"));
  const std::string forged = replaced(inner, "2592000", "1");
  EXPECT_FALSE(read(replaced(good, inner, forged)));
  EXPECT_FALSE(read(replaced(good, inner, forged + inner)));
  const auto altered = read(replaced(good, "<CanonicalizationMethod", " <CanonicalizationMethod"));
  ASSERT_TRUE(altered);
  EXPECT_TRUE(keys::check_certificate_signed(*altered, authority().certificate_pem(), kLongAgo + 1)
                  .failed_with(Code::SignatureInvalid));
}

TEST(SignedCertificate, RefusesSignersNobodyVouchesFor) {
  const auto another = *crypto::CertificateAuthority::make("another", kLongAgo, kFarAhead);
  const auto document = read(signed_document(bravo(), issue(std::string(kBravo), another)));
  ASSERT_TRUE(document);
  const std::string ca = authority().certificate_pem();
  EXPECT_TRUE(keys::check_certificate_signed(*document, ca, kLongAgo + 1).failed_with(Code::CertificateInvalid));
  const auto ours = read(signed_document(bravo(), issue(std::string(kBravo))));
  ASSERT_TRUE(ours);
  EXPECT_TRUE(keys::check_certificate_signed(*ours, ca, kFarAhead + 1).failed_with(Code::CertificateInvalid));
  EXPECT_TRUE(keys::check_certificate_signed(*ours, "", kLongAgo + 1).failed_with(Code::CertificateInvalid));
}

TEST(SignedCertificate, RefusesCertificatesThatAreNone) {
  const auto document = read(signed_document(bravo(), issue(std::string(kBravo))));
  ASSERT_TRUE(document);
  const std::string& good = document->content;
  ASSERT_TRUE(keys::read_kms_certificate(good));
  for (const auto& [what, with] :
       {std::pair{"<UserIdFormat>2", "<UserIdFormat>1"}, std::pair{"<ParameterSet>1", "<ParameterSet>2"},
        std::pair{"<PubEncKey>04", "<PubEncKey>05"}, std::pair{"<UserKeyPeriod>2592000", "<UserKeyPeriod>0"},
        std::pair{"<KmsUri>kms.bravo.example</KmsUri>", ""},
        std::pair{"urn:3gpp:ns:mcsecKMSInterface:1.0", "urn:other"},
        std::pair{"<ParameterSet>", "<KmsUri>twice</KmsUri><ParameterSet>"}}) {
    EXPECT_TRUE(keys::read_kms_certificate(replaced(good, what, with)).failed_with(Code::KmsCertificateInvalid))
        << what;
  }
  EXPECT_TRUE(keys::read_kms_certificate("<!DOCTYPE a>" + good).failed_with(Code::XmlDoctype));
}

class Admission : public testing::Test {
 protected:
  ExternalCertificate propose(const keys::Domain& domain, std::string signer = "CN=kms") {
    ExternalCertificate external;
    external.certificate = domain;
    external.signer = std::move(signer);
    const auto proposed = bed_.wait(keys::propose_certificate(&bed_.kms(), "alpha", external));
    EXPECT_TRUE(proposed.has_value());
    return *proposed;
  }
  auto admit(const std::string& fingerprint) {
    return bed_.wait(keys::admit_certificate(&bed_.kms(), "alpha", fingerprint));
  }
  std::string cache_number() {
    const std::string body = bed_.post("certcache").body;
    const std::size_t at = body.find("CacheNum=\"") + 10;
    return body.substr(at, body.find('"', at) - at);
  }

  Bed bed_;
};

// Spec 4.10: fetched, approved by its fingerprint, then served as External with another CacheNum.
TEST_F(Admission, TakesTwoSteps) {
  const std::string before = cache_number();
  propose(bravo());
  EXPECT_EQ(bed_.post("certcache").body.find("External"), std::string::npos);
  EXPECT_EQ(cache_number(), before);
  EXPECT_EQ(bed_.post("cert/kms.bravo.example").status, 404);
  EXPECT_TRUE(admit(std::string(64, '0')).failed_with(Code::AdmissionUnknown));

  ASSERT_TRUE(admit(keys::fingerprint_of(bravo())));
  const std::string body = bed_.post("certcache/" + before).body;
  EXPECT_NE(body.find("Role=\"External\""), std::string::npos);
  EXPECT_EQ(body.find("Role=\"Root\""), std::string::npos) << "what the client has is not sent again";
  EXPECT_NE(cache_number(), before);
  EXPECT_EQ(keys::element_of(bed_.post("cert/kms.bravo.example").body, "CertUri"), "cert1.kms.bravo.example.1");
  EXPECT_TRUE(admit(keys::fingerprint_of(bravo())).failed_with(Code::AdmissionUnknown)) << "a second time";
}

TEST_F(Admission, NamesItInLookUpsOfWhoMayHaveIt) {  // clause 5.3.1.2, D.2.7
  propose(bravo());
  ASSERT_TRUE(admit(keys::fingerprint_of(bravo())));
  const std::string look_up = "lookup/sip:bob@bravo.example";
  EXPECT_NE(bed_.post(look_up).body.find("<KmsUri>kms.bravo.example</KmsUri></KmsLookup>"), std::string::npos);
  keys::UserPolicy policy;
  policy.user_uri = keys::kAnn;
  policy.external_kms = {"kms.charlie.example"};
  ASSERT_TRUE(bed_.wait(keys::set_user_kms(&bed_.kms(), bed_.context(), "alpha", policy)));
  EXPECT_EQ(bed_.post(look_up).status, 404);
}

TEST_F(Admission, ServesARevokedOneAsRevoked) {
  propose(bravo());
  ASSERT_TRUE(admit(keys::fingerprint_of(bravo())));
  const std::string before = cache_number();
  ASSERT_TRUE(bed_.wait(keys::revoke_certificate(&bed_.kms(), "alpha", keys::fingerprint_of(bravo()))));
  const std::string body = bed_.post("certcache/" + before).body;
  EXPECT_EQ(keys::element_of(body, "Revoked"), "true");
}

// What its own KMS says of it needs no operator of ours; unsigned it says nothing.
TEST_F(Admission, TakesARevocationFromItsOwnKmsAtOnce) {
  propose(bravo());
  ASSERT_TRUE(admit(keys::fingerprint_of(bravo())));
  keys::Domain revoked = bravo();
  revoked.state = keys::DomainState::Revoked;
  const std::string before = cache_number();
  propose(revoked, "");
  EXPECT_EQ(cache_number(), before);
  propose(revoked);
  EXPECT_EQ(keys::element_of(bed_.post("certcache/" + before).body, "Revoked"), "true");
}

// Same names, another key: it waits while the one that was admitted stays in force.
TEST_F(Admission, ChangesNothingOfAnAdmittedOneByItself) {
  propose(bravo());
  ASSERT_TRUE(admit(keys::fingerprint_of(bravo())));
  keys::Domain other = bravo();
  other.public_encryption = (*keys::DomainKeys::generate())->public_encryption();
  propose(other);
  const std::string body = bed_.post("cert/kms.bravo.example").body;
  std::string ours;
  codec::hex_encode(bravo().public_encryption, ours);
  EXPECT_EQ(keys::element_of(body, "PubEncKey"), ours);
  ASSERT_TRUE(admit(keys::fingerprint_of(other)));
  EXPECT_NE(keys::element_of(bed_.post("cert/kms.bravo.example").body, "PubEncKey"), ours);
}

TEST_F(Admission, GivesAUserTheExternalOnesThatAreForHim) {
  propose(bravo());
  ASSERT_TRUE(admit(keys::fingerprint_of(bravo())));
  EXPECT_EQ(keys::element_of(bed_.post("lookup/sip%3Abob%40bravo.example").body, "KmsUri", 400), "kms.bravo.example");
  keys::UserPolicy policy;
  policy.user_uri = keys::kAnn;
  policy.external_kms = {"kms.charlie.example"};
  ASSERT_TRUE(bed_.wait(keys::set_user_kms(&bed_.kms(), bed_.context(), "alpha", policy)));
  EXPECT_EQ(bed_.post("certcache").body.find("External"), std::string::npos);
  EXPECT_EQ(bed_.post("cert/kms.bravo.example").status, 404);
}

TEST_F(Admission, RefusesOurOwnNameAndWhatNobodyProposed) {
  ExternalCertificate external;
  external.certificate = bravo();
  external.certificate.kms_uri = keys::kKmsUri;
  EXPECT_TRUE(bed_.wait(keys::propose_certificate(&bed_.kms(), "alpha", external)).failed_with(Code::KmsTaken));
  EXPECT_TRUE(bed_.wait(keys::propose_certificate(&bed_.kms(), "beta", external)).failed_with(Code::KmsUnknown));
  EXPECT_TRUE(bed_.wait(keys::revoke_certificate(&bed_.kms(), "alpha", "x")).failed_with(Code::AdmissionUnknown));
}

// A list that is full takes no other; what is said of one that is in it, it takes.
TEST_F(Admission, ARevocationIsTakenByAFullList) {
  propose(bravo());
  ASSERT_TRUE(admit(keys::fingerprint_of(bravo())));
  ExternalCertificate another;
  another.certificate = bravo();
  for (std::size_t i = 1; i < keys::kExternalMax; ++i) {
    another.certificate.kms_uri = "kms." + std::to_string(i) + ".example";
    ASSERT_TRUE(bed_.wait(keys::propose_certificate(&bed_.kms(), "alpha", another)));
  }
  EXPECT_TRUE(bed_.wait(keys::propose_certificate(&bed_.kms(), "alpha", another))) << "this one waits already";
  another.certificate.kms_uri = "kms.too-many.example";
  EXPECT_TRUE(bed_.wait(keys::propose_certificate(&bed_.kms(), "alpha", another)).failed_with(Code::TooMany));
  keys::Domain revoked = bravo();
  revoked.state = keys::DomainState::Revoked;
  const std::string before = cache_number();
  propose(revoked);
  EXPECT_EQ(keys::element_of(bed_.post("certcache/" + before).body, "Revoked"), "true");
}

// Spec 4.10: a revoked one stays in the cache until its ValidTo.
TEST_F(Admission, ARevokedOneGoesWhenItsTimeIsOver) {
  keys::Domain old = bravo();
  old.valid_to = bed_.now() + 100;
  propose(old);
  ASSERT_TRUE(admit(keys::fingerprint_of(old)));
  ASSERT_TRUE(bed_.wait(keys::revoke_certificate(&bed_.kms(), "alpha", keys::fingerprint_of(old))));
  keys::Domain first = bravo();
  first.kms_uri = "kms.first.example";
  propose(first);
  ASSERT_TRUE(admit(keys::fingerprint_of(first)));
  EXPECT_EQ(bed_.wait(keys::list_certificates(&bed_.kms(), "alpha"))->size(), 2U) << "its time is not over";
  ASSERT_TRUE(bed_.wait(keys::revoke_certificate(&bed_.kms(), "alpha", keys::fingerprint_of(first))));
  bed_.clock().advance(Seconds{101});
  bed_.run_turns(1);
  ExternalCertificate another;
  another.certificate = bravo();
  for (std::size_t i = 2; i <= keys::kExternalMax; ++i) {
    another.certificate.kms_uri = "kms." + std::to_string(i) + ".example";
    ASSERT_TRUE(bed_.wait(keys::propose_certificate(&bed_.kms(), "alpha", another)))
        << "of what is over the place is free";
  }
  const std::string before = cache_number();
  ASSERT_TRUE(admit(keys::fingerprint_of(another.certificate)));
  const auto all = *bed_.wait(keys::list_certificates(&bed_.kms(), "alpha"));
  const auto is_old = [&](const ExternalCertificate& each) { return each.certificate.kms_uri == old.kms_uri; };
  EXPECT_TRUE(std::ranges::none_of(all, is_old));
  EXPECT_EQ(all.size(), keys::kExternalMax) << "a revoked one that has time left stays";
  EXPECT_GT(std::stoi(cache_number()), std::stoi(before));
}

TEST_F(Peers, AnswersPeersAloneAndOverTrustedCertificatesAlone) {
  const crypto::IssuedCertificate own = issue("kms.alpha.example");
  ASSERT_TRUE(bed_.wait(set_peer(context(), "alpha", peer())));
  EXPECT_EQ(ask(), 403) << "no certificate";
  present(issue(std::string(kBravo)).certificate_pem, false);
  EXPECT_EQ(ask(), 403) << "one that no authority vouches for";
  present(issue("kms.charlie.example").certificate_pem, true);
  EXPECT_EQ(ask(), 403) << "nobody's";
  present(issue(std::string(kBravo)).certificate_pem, true);
  EXPECT_EQ(ask(), 404) << "we have no identity yet";
  auto key = std::make_shared<const SecretBytes>(own.private_key_pem.reveal());
  ASSERT_TRUE(bed_.wait(set_identity(context(), "alpha", own.certificate_pem, key)));
  EXPECT_EQ(ask(), 200);
  EXPECT_EQ(ask("?cert-uri=nothing"), 404);
  EXPECT_EQ(ask("?cert-uri=%"), 400);
  ASSERT_TRUE(bed_.wait(remove_peer(context(), "alpha", std::string(kBravo))));
  EXPECT_EQ(ask(), 403) << "the agreement ended";
}

// The listener's bundle holds the authorities of UEs, servers and partners, too.
TEST_F(Peers, ACertificateOfAnotherAuthorityIsNobodys) {
  const auto another = *crypto::CertificateAuthority::make("another", kLongAgo, kFarAhead);
  const crypto::IssuedCertificate own = issue("kms.alpha.example");
  auto key = std::make_shared<const SecretBytes>(own.private_key_pem.reveal());
  ASSERT_TRUE(bed_.wait(set_identity(context(), "alpha", own.certificate_pem, key)));
  ASSERT_TRUE(bed_.wait(set_peer(context(), "alpha", peer())));
  present(issue(std::string(kBravo), another).certificate_pem, true);
  EXPECT_EQ(ask(), 403) << "the listener trusts who issued it; that peer has another authority";
  present(issue(std::string(kBravo)).certificate_pem, true);
  EXPECT_EQ(ask(), 200);
  PeerChange moving;
  moving.ca_pem = another.certificate_pem();
  ASSERT_TRUE(bed_.wait(change_peer(context(), "alpha", std::string(kBravo), moving)));
  EXPECT_EQ(ask(), 403) << "the authority that was";
  present(issue(std::string(kBravo), another).certificate_pem, true);
  EXPECT_EQ(ask(), 200);
}

TEST_F(Peers, ACertificateMayComeInAFileSignedOrNot) {
  const auto code = [&](std::string xml) {
    const auto read = bed_.wait(read_certificate_file(context(), "alpha", std::move(xml)));
    return read ? Code::Internal : read.error().code;
  };
  const std::string signed_one = signed_document(bravo(), issue(std::string(kBravo)));
  EXPECT_EQ(code(signed_one), Code::KmsPeerUnknown);
  ASSERT_TRUE(bed_.wait(set_peer(context(), "alpha", peer())));
  const auto read_one = bed_.wait(read_certificate_file(context(), "alpha", signed_one));
  ASSERT_TRUE(read_one);
  EXPECT_EQ(keys::fingerprint_of(read_one->certificate), keys::fingerprint_of(bravo()));
  EXPECT_EQ(read_one->signer, "CN=kms");
  EXPECT_EQ(code(signed_document(bravo(), issue("kms.charlie.example"))), Code::KmsCertificateInvalid);
  EXPECT_EQ(code(replaced(signed_one, "2592000", "2592001")), Code::KmsCertificateInvalid);
  EXPECT_EQ(code("<SignedKmsCertificate/>"), Code::KmsCertificateInvalid);
  const auto plain = bed_.wait(read_certificate_file(context(), "alpha", read(signed_one)->content));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->signer, "");
  // A word in a comment or a name makes it no signed one.
  const std::string commented = read(signed_one)->content + "<!-- was in a SignedKmsCertificate -->";
  const auto still_plain = bed_.wait(read_certificate_file(context(), "alpha", commented));
  ASSERT_TRUE(still_plain) << still_plain.error().where;
  EXPECT_EQ(still_plain->certificate.kms_uri, kBravo);
  EXPECT_EQ(code("<SignedKmsCertificate"), Code::XmlSyntax);
  EXPECT_EQ(code("<!DOCTYPE a><SignedKmsCertificate/>"), Code::XmlDoctype);
}

TEST_F(Peers, AChangeIsOfTheAgreementThatWasRead) {
  Peer first = peer();
  first.shared = {"sip:psi@alpha.example"};
  ASSERT_TRUE(bed_.wait(set_peer(context(), "alpha", first)));
  const std::string uri(kBravo);
  Peer withdrawing = *bed_.wait(find_peer(context(), "alpha", uri));
  Peer naming = *bed_.wait(find_peer(context(), "alpha", uri));
  withdrawing.shared.clear();
  naming.url = "https://other.example/kms";
  ASSERT_TRUE(bed_.wait(set_peer(context(), "alpha", withdrawing)));
  EXPECT_TRUE(bed_.wait(set_peer(context(), "alpha", naming)).failed_with(Code::Conflict));
  EXPECT_TRUE(bed_.wait(find_peer(context(), "alpha", uri))->shared.empty()) << "withdrawn services came back";
  EXPECT_TRUE(bed_.wait(set_peer(context(), "alpha", peer())).failed_with(Code::Conflict)) << "not a new one";
}

runtime::Task<void> counted(runtime::Task<Result<Peer>> task, std::shared_ptr<int> good) {
  const auto done = co_await std::move(task);
  EXPECT_TRUE(done) << done.error().where;
  ++*good;
}

// Spawned by one task: both have read the agreement before either is committed.
runtime::Task<Result<Unit>> begin_both(broker::Context* context, PeerChange one, PeerChange other,
                                       std::shared_ptr<int> good) {
  for (PeerChange* each : {&one, &other}) {
    context->shard.scope().spawn(counted(change_peer(context, "alpha", std::string(kBravo), std::move(*each)), good));
  }
  co_return Unit{};
}

TEST_F(Peers, TwoChangesAtOnceBothCount) {
  Peer first = peer();
  first.shared = {"sip:psi@alpha.example"};
  const std::int64_t since = bed_.wait(set_peer(context(), "alpha", first))->created_at;
  PeerChange withdrawing;
  withdrawing.shared.emplace();
  PeerChange moving;
  moving.url = "https://other.example/kms";
  const std::string uri(kBravo);
  auto good = std::make_shared<int>(0);
  ASSERT_TRUE(bed_.wait(begin_both(context(), withdrawing, moving, good)));
  bed_.run_until([&] { return *good == 2; });
  const Peer now = *bed_.wait(find_peer(context(), "alpha", uri));
  EXPECT_TRUE(now.shared.empty());
  EXPECT_EQ(now.url, *moving.url);
  EXPECT_EQ(now.name, kBravo);
  EXPECT_EQ(now.created_at, since);
  PeerChange nothing;
  EXPECT_TRUE(bed_.wait(change_peer(context(), "alpha", "kms.new.example", nothing)).failed_with(Code::BadValue));
}

TEST_F(Peers, RefusesWhatCannotBeAgreed) {
  const auto code = [&](auto change) {
    Peer wanted = peer();
    change(wanted);
    const auto made = bed_.wait(set_peer(context(), "alpha", wanted));
    return made ? Code::Internal : made.error().code;
  };
  EXPECT_EQ(code([](Peer& p) { p.url = "http://b.example/"; }), Code::BadValue);
  EXPECT_EQ(code([](Peer& p) { p.name = ""; }), Code::BadValue);
  EXPECT_EQ(code([](Peer& p) { p.ca_pem = "none"; }), Code::BadValue);
  EXPECT_EQ(code([](Peer& p) { p.kms_uri = "a b"; }), Code::UriPathInvalid);
  EXPECT_EQ(code([](Peer& p) { p.shared = {"a b"}; }), Code::BadValue);
  ASSERT_TRUE(bed_.wait(set_peer(context(), "alpha", peer())));
  EXPECT_EQ(code([](Peer& p) { p.kms_uri = "kms.other.example"; }), Code::KmsPeerTaken);
  EXPECT_TRUE(bed_.wait(remove_peer(context(), "alpha", "kms.other.example")).failed_with(Code::KmsPeerUnknown));
  const crypto::IssuedCertificate own = issue("kms.alpha.example");
  auto foreign = std::make_shared<const SecretBytes>(issue("x").private_key_pem.reveal());
  EXPECT_FALSE(bed_.wait(set_identity(context(), "alpha", own.certificate_pem, foreign)));
}

// TS 33.180 clause D.4: a redirect response envelopes its signature.
TEST(Report, NamesASignerThatAPeersAuthorityVouchesFor) {
  const crypto::IssuedCertificate by = issue(std::string(kBravo));
  const std::string open =
      "<KmsRedirectResponse xmlns=\"urn:3gpp:ns:mcsecKMSKRR:1.0\" Id=\"krr\"><KmsUri>kms.bravo.example</KmsUri>";
  const std::string close = "</KmsRedirectResponse>";
  const auto key =
      *crypto::SigningKey::from_pkcs8(crypto::pkcs8_of_pem(as_text(by.private_key_pem.reveal()))->reveal());
  const std::string whole = open + close;
  const auto chain = *crypto::Certificate::from_pem(by.certificate_pem);
  std::string signature = *keys::write_certificate_signature("krr", as_bytes(whole), key, chain);
  Peer peer;
  peer.ca_pem = authority().certificate_pem();
  // Without the transform the signature would have to cover itself.
  EXPECT_EQ(signer_of_report({peer}, open + signature + close, kLongAgo + 1), "");
  EXPECT_EQ(signer_of_report({peer}, whole, kLongAgo + 1), "");
  // With it, as the clause has it: signed again over what it says now.
  const std::string info_end = "</SignedInfo>";
  const std::string plain = signature.substr(
      signature.find("<SignedInfo"), signature.find(info_end) + info_end.size() - signature.find("<SignedInfo"));
  const std::string info =
      replaced(plain, "<DigestMethod",
               "<Transforms><Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\">"
               "</Transform></Transforms><DigestMethod");
  crypto::SigningContext context;
  std::array<std::byte, 64> value{};
  ASSERT_TRUE(key.sign(context, as_bytes(info), value));
  std::string text;
  codec::base64_encode(value, text);
  const std::size_t at = signature.find("<SignatureValue>") + 16;
  signature.replace(at, signature.find("</SignatureValue>") - at, text);
  signature = replaced(signature, plain, info);
  EXPECT_EQ(signer_of_report({peer}, open + signature + close, kLongAgo + 1), "CN=kms");
  EXPECT_EQ(signer_of_report({}, open + signature + close, kLongAgo + 1), "");
  EXPECT_EQ(signer_of_report({peer}, replaced(open, "bravo", "other") + signature + close, kLongAgo + 1), "");
  EXPECT_EQ(signer_of_report({peer}, "<!DOCTYPE a>" + whole, kLongAgo + 1), "");
}

}  // namespace
}  // namespace claviger::exchange
