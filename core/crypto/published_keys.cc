#include "core/crypto/published_keys.h"

#include <algorithm>
#include <array>

namespace claviger::crypto {
namespace {

constexpr std::array<std::string_view, 6> kPublished = {
    "IsUn6_e04MaShXFIISMp4kG62LWzMIPy_MvSA5pJgX8",  // RFC 7515 A.2, RSA
    "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",  // RFC 7515 A.3, P-256
    "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",  // RFC 8037 A.1, Ed25519
    "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",  // RFC 7638 3.1 and RFC 7517 A.2, RSA
    "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",  // RFC 9449 6.1, P-256
    "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s",  // RFC 7517 A.2, P-256
};

}  // namespace

bool is_published_test_key(std::string_view thumbprint) {
  return std::find(kPublished.begin(), kPublished.end(), thumbprint) != kPublished.end();
}

}  // namespace claviger::crypto
