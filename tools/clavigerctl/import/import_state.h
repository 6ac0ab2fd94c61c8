// How far an import has come, in a small file beside its input, so that the same command goes on after an interruption.
//
// Everything before `offset` was answered by the daemon, or was named as bad. Doing a few lines again is harmless: the
// daemon updates what is there already. The digest of the input's beginning and its size keep a state from being
// taken for another file's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.h"

namespace claviger::ctl {

struct ImportState {
  std::string tenant;
  std::string input_digest;
  std::uint64_t input_bytes = 0;
  std::uint64_t offset = 0;
  std::uint64_t line = 1;
  std::uint64_t good = 0;
  std::uint64_t bad = 0;

  bool is_of_same_input(const ImportState& other) const {
    return tenant == other.tenant && input_digest == other.input_digest && input_bytes == other.input_bytes;
  }
};

std::string encode_import_state(const ImportState& state);
Result<ImportState> decode_import_state(std::string_view text);

// Nothing when there is no such file.
Result<std::optional<ImportState>> load_import_state(const std::string& file);
// Into a new file that then takes the old one's name: a crash leaves the one or the other.
Result<Unit> save_import_state(const std::string& file, const ImportState& state);
void remove_import_state(const std::string& file);

// SHA-256 of the first 64 KiB, hexadecimal. Unreadable.
Result<std::string> digest_of_beginning(const std::string& file);

}  // namespace claviger::ctl
