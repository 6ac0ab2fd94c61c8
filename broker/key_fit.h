// Whether the configured key-encryption key opens a store that this process has not open: for --check-config, --restore and a
// start that failed, which say so before an operator has to guess.
//
// Blocking. Reads the store, writes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace claviger::broker {

struct KeyFit {
  bool fits = false;
  std::string text;  // for the operator: what opens it, or what it wants and where that may be
};

// `labels`: of keys in the PKCS #11 token, which are taken for what they are called. Nothing: there is no store in
// `directory`, none with data keys, or it cannot be looked at now.
std::optional<KeyFit> key_fit(const std::string& directory, const std::string& key_file,
                              const std::vector<std::string>& labels);

// How the wrapping key of this id is written for people: 16 hexadecimal digits, as in the key file.
std::string key_name(std::string_view id);

}  // namespace claviger::broker
