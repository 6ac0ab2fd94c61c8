// Points and signatures of MIKEY-SAKKE from anybody: what is accepted as a point is written back to the same octets.
#include "core/crypto/mikey/curve.h"
#include "core/crypto/mikey/eccsi.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  const Bytes input = std::as_bytes(std::span(data, size));
  static const mikey::EccsiPublicKey kpak = [] {
    std::array<std::byte, mikey::kEccsiScalarBytes> one{};
    one.back() = std::byte{1};
    return mikey::EccsiMasterSecret::from_octets(one)->public_key();
  }();
  if (const auto point = mikey::point_from_octets(input)) {
    mikey::SakkePoint octets;
    mikey::point_to_octets(*point, octets);
    CLAVIGER_ASSERT(std::equal(input.begin(), input.end(), octets.begin(), octets.end()));
  }
  if (const auto key = mikey::EccsiPublicKey::from_octets(input)) {
    CLAVIGER_ASSERT(std::equal(input.begin(), input.end(), key->octets().begin(), key->octets().end()));
  }
  // Nobody signs by accident.
  CLAVIGER_ASSERT(!mikey::eccsi_verify(kpak, as_bytes("identifier"), as_bytes("message"), input));
  return 0;
}
