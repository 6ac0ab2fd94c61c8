#include "tools/claviger-ue/key_ring.h"

#include <algorithm>
#include <charconv>

namespace claviger::ue {
namespace {

// Values of a key set, one behind the other, each with two octets of length before it.
class Packer {
 public:
  explicit Packer(MutableBytes out) : out_(out) {}
  void put(Bytes value) {
    store_be(out_, static_cast<std::uint16_t>(value.size()));
    if (!value.empty()) std::memcpy(out_.data() + 2, value.data(), value.size());
    out_ = out_.subspan(2 + value.size());
  }

 private:
  MutableBytes out_;
};

class Unpacker {
 public:
  explicit Unpacker(Bytes in) : in_(in) {}
  // Empty when there is none.
  Bytes take() {
    if (in_.size() < 2) return {};
    const std::size_t size = load_be<std::uint16_t>(in_);
    if (in_.size() - 2 < size) return {};
    const Bytes value = in_.subspan(2, size);
    in_ = in_.subspan(2 + size);
    return value;
  }
  template <std::size_t N>
  bool take_into(std::array<std::byte, N>& out) {
    const Bytes value = take();
    if (value.size() != N) return false;
    std::ranges::copy(value, out.begin());
    return true;
  }

 private:
  Bytes in_;
};

std::string padded(std::uint64_t number) {
  constexpr std::size_t kDigits = 20;
  const std::string digits = std::to_string(number);
  return std::string(kDigits - digits.size(), '0') + digits;
}

std::string set_prefix(std::string_view user_uri) { return "kms/set/" + std::string(user_uri) + "\n"; }
std::string_view name_of_certificate(const KmsCertificate& certificate) {
  return certificate.cert_uri.empty() ? certificate.kms_uri : certificate.cert_uri;
}

std::string_view host_of(std::string_view uri) {
  const std::size_t at = uri.find('@');
  std::string_view host = uri.substr(at == std::string_view::npos ? uri.find(':') + 1 : at + 1);
  return host.substr(0, host.find_first_of(";?/:"));
}

}  // namespace

Result<mikey::KmsDomain> domain_of(const KmsCertificate& certificate) {
  CLAVIGER_TRY(encryption, mikey::SakkePublicKey::from_octets(certificate.pub_enc_key));
  CLAVIGER_TRY(authentication, mikey::EccsiPublicKey::from_octets(certificate.pub_auth_key));
  CLAVIGER_TRY(periods, mikey::KeyPeriods::make(certificate.period, certificate.offset));
  return mikey::KmsDomain{certificate.kms_uri, encryption, authentication, periods};
}

Result<Unit> check_key_set(const KeySet& set, const KmsCertificate& certificate) {
  CLAVIGER_TRY(domain, domain_of(certificate));
  if (set.kms_uri != certificate.kms_uri) return Error{Code::KmsUriDiffers, "kms.key_set"};
  CLAVIGER_TRY(uid, mikey::compute_uid(set.user_uri, certificate.kms_uri, domain.periods, set.period));
  if (uid != set.user_id) return Error{Code::KeyType, "kms.key_set.uid"};
  CLAVIGER_TRY(rsk, mikey::check_rsk(domain.encryption, uid, set.rsk.reveal()));
  mikey::EccsiUserKey signing;
  std::ranges::copy(set.ssk.reveal(), signing.ssk.reveal_for_writing().begin());
  signing.pvt = set.pvt;
  return mikey::check_eccsi_key(domain.authentication, uid, signing);
}

Result<Unit> KeyRing::keep(const KmsCertificate& certificate) {
  return vault_.put_text("kms/cert/" + std::string(name_of_certificate(certificate)), certificate.xml);
}

std::vector<KmsCertificate> KeyRing::certificates() const {
  std::vector<KmsCertificate> found;
  for (const std::string& name : vault_.names("kms/cert/")) {
    const auto tree = XmlTree::read(vault_.text(name));
    if (!tree) continue;
    auto certificate = read_certificate(*tree, tree->root());
    if (certificate) found.push_back(*std::move(certificate));
  }
  return found;
}

std::optional<KmsCertificate> KeyRing::find_certificate(std::string_view cert_uri, std::string_view kms_uri) const {
  std::optional<KmsCertificate> newest;
  for (KmsCertificate& each : certificates()) {
    if (!cert_uri.empty() && each.cert_uri == cert_uri && each.kms_uri == kms_uri) return std::move(each);
    // Names end in the generation: the last one that is good.
    if (each.kms_uri == kms_uri && !each.is_revoked) newest = std::move(each);
  }
  return cert_uri.empty() ? newest : std::nullopt;
}

std::optional<KmsCertificate> KeyRing::certificate_for(std::string_view user_uri) const {
  std::optional<KmsCertificate> newest;
  for (KmsCertificate& each : certificates()) {
    const bool is_its = std::ranges::find(each.domains, host_of(user_uri)) != each.domains.end();
    if (is_its && !each.is_revoked) newest = std::move(each);
  }
  return newest;
}

Result<Unit> KeyRing::keep(const KeySet& set) {
  const std::array<Bytes, 6> parts{as_bytes(set.kms_uri), as_bytes(set.cert_uri), set.user_id,
                                   set.rsk.reveal(),      set.ssk.reveal(),       set.pvt};
  std::size_t size = 0;
  for (const Bytes each : parts) size += 2 + each.size();
  SecretBytes packed(size);
  Packer packer(packed.reveal_for_writing());
  for (const Bytes each : parts) packer.put(each);
  return vault_.put(set_prefix(set.user_uri) + padded(set.period) + "\n" + set.cert_uri, packed.reveal());
}

std::vector<KeySet> KeyRing::key_sets(std::string_view user_uri) const {
  std::vector<KeySet> found;
  const std::string prefix = set_prefix(user_uri);
  for (const std::string& name : vault_.names(prefix)) {
    KeySet set;
    set.user_uri = user_uri;
    const auto read = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), set.period);
    Unpacker values(vault_.find(name));
    set.kms_uri = as_text(values.take());
    set.cert_uri = as_text(values.take());
    if (read.ec != std::errc() || !values.take_into(set.user_id)) continue;
    set.rsk = SecretBytes(values.take());
    set.ssk = SecretBytes(values.take());
    if (values.take_into(set.pvt) && set.rsk.size() == 257 && set.ssk.size() == 32) found.push_back(std::move(set));
  }
  return found;
}

void KeyRing::drop(const KeySet& set) {
  vault_.remove(set_prefix(set.user_uri) + padded(set.period) + "\n" + set.cert_uri);
}

void KeyRing::drop_old(std::string_view user_uri, std::string_view cert_uri, std::uint64_t period) {
  for (const KeySet& set : key_sets(user_uri)) {
    if (set.cert_uri == cert_uri && set.period + kPeriodsKept < period) {
      drop(set);
    }
  }
}

SharedKey KeyRing::shared_key(std::string_view kind) const {
  Unpacker values(vault_.find("kms/" + std::string(kind)));
  SharedKey key;
  key.id = as_text(values.take());
  key.key = SecretBytes(values.take());
  return key;
}

Result<Unit> KeyRing::keep_shared_key(std::string_view kind, const SharedKey& key) {
  SecretBytes packed(2 + key.id.size() + 2 + key.key.size());
  Packer packer(packed.reveal_for_writing());
  packer.put(as_bytes(key.id));
  packer.put(key.key.reveal());
  return vault_.put("kms/" + std::string(kind), packed.reveal());
}

}  // namespace claviger::ue
