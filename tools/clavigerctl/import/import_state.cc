#include "tools/clavigerctl/import/import_state.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "core/codec/hex.h"
#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"

namespace claviger::ctl {
namespace {

constexpr std::size_t kDigestedBytes = 64 * 1024;

}  // namespace

std::string encode_import_state(const ImportState& state) {
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("version", 1).member("tenant", state.tenant);
  json.member("input_digest", state.input_digest).member("input_bytes", state.input_bytes);
  json.member("offset", state.offset).member("line", state.line);
  json.member("good", state.good).member("bad", state.bad).end_object();
  text += '\n';
  return text;
}

Result<ImportState> decode_import_state(std::string_view text) {
  codec::JsonReader reader;
  CLAVIGER_TRY(value, reader.parse(text));
  CLAVIGER_TRY(object, value.as_object());
  CLAVIGER_TRY(version, object.int_at("version"));
  if (version != 1) return Error{Code::SchemaTooNew, "import.state"};
  ImportState state;
  CLAVIGER_TRY(tenant, object.string_at("tenant"));
  CLAVIGER_TRY(digest, object.string_at("input_digest"));
  state.tenant = tenant;
  state.input_digest = digest;
  for (const auto& [name, member] : {std::pair{"input_bytes", &ImportState::input_bytes},
                                     std::pair{"offset", &ImportState::offset},
                                     std::pair{"line", &ImportState::line},
                                     std::pair{"good", &ImportState::good},
                                     std::pair{"bad", &ImportState::bad}}) {
    CLAVIGER_TRY(number, object.at(name));
    CLAVIGER_TRY(unsigned_number, number.as_uint());
    state.*member = unsigned_number;
  }
  if (state.offset > state.input_bytes || state.line == 0) return Error{Code::BadValue, "import.state"};
  return state;
}

Result<std::optional<ImportState>> load_import_state(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::optional<ImportState>();
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  CLAVIGER_TRY(state, decode_import_state(text));
  return std::optional<ImportState>(std::move(state));
}

Result<Unit> save_import_state(const std::string& file, const ImportState& state) {
  constexpr Error kFailed{Code::Io, "import.state"};
  const std::string fresh = file + ".new";
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return kFailed;
  const std::string text = encode_import_state(state);
  const bool is_written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(descriptor);
  if (!is_written || std::rename(fresh.c_str(), file.c_str()) != 0) {
    ::unlink(fresh.c_str());
    return kFailed;
  }
  return Unit{};
}

void remove_import_state(const std::string& file) { ::unlink(file.c_str()); }

Result<std::string> digest_of_beginning(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Error{Code::Unreadable, "import.file"};
  std::string beginning(kDigestedBytes, '\0');
  stream.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  beginning.resize(static_cast<std::size_t>(stream.gcount()));
  std::array<std::byte, 32> digest{};
  std::size_t size = digest.size();
  if (EVP_Q_digest(nullptr, "SHA256", nullptr, beginning.data(), beginning.size(), as_uchar(MutableBytes(digest)),
                   &size) != 1) {
    return Error{Code::CryptoFailure, "import.state"};
  }
  std::string text;
  codec::hex_encode(digest, text);
  return text;
}

}  // namespace claviger::ctl
