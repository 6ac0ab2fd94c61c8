// Keys whose private part stands in a standard or in our own test vectors: a server must refuse to start with
// one (spec: JWT attack list, row 35).
#pragma once

#include <string_view>

namespace claviger::crypto {

// By RFC 7638 thumbprint (SHA-256, base64url). Pure, any thread.
bool is_published_test_key(std::string_view thumbprint);

}  // namespace claviger::crypto
