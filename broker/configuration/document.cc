#include "broker/configuration/document.h"

#include "core/base/assert.h"
#include "core/codec/hex.h"
#include "core/crypto/digest.h"

namespace claviger::configuration {
namespace {

constexpr std::byte kVersion{1};
constexpr std::size_t kTextAt = 1 + kEtagCharacters + 4;
constexpr std::size_t kNumberBytes = 1 + 1 + 8 + 8;
constexpr unsigned kPreselected = 1, kActive = 2, kDeleted = 4;
constexpr Error kCorrupt{Code::Corrupt, "document"};

template <typename T>
void append_number(T number, std::string& out) {
  std::array<std::byte, sizeof(T)> bytes{};
  store_be(MutableBytes(bytes), number);
  out += as_text(bytes);
}

void append_text(std::string_view text, std::string& out) {
  CLAVIGER_ASSERT(text.size() <= kFactBytesMax);
  append_number(static_cast<std::uint16_t>(text.size()), out);
  out += text;
}

// The next text of `rest`, which it is cut from.
Result<std::string> take_text(Bytes& rest) {
  if (rest.size() < 2) return kCorrupt;
  const std::size_t size = load_be<std::uint16_t>(rest);
  if (size > rest.size() - 2) return kCorrupt;
  std::string text(as_text(rest.subspan(2, size)));
  rest = rest.subspan(2 + size);
  return text;
}

std::string_view trimmed_field(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string etag_of(std::string_view text) {
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes(text));
  std::string etag;
  codec::hex_encode(Bytes(digest).first(kEtagCharacters / 2), etag);
  return etag;
}

std::string encode_document(const Document& document) {
  CLAVIGER_ASSERT(document.etag.size() == kEtagCharacters && document.text.size() <= kDocumentBytesMax);
  std::string out;
  out.reserve(kTextAt + document.text.size() + kNumberBytes + 256);
  out += static_cast<char>(kVersion);
  out += document.etag;
  append_number(static_cast<std::uint32_t>(document.text.size()), out);
  out += document.text;
  const unsigned flags = (document.is_preselected ? kPreselected : 0U) | (document.is_active ? kActive : 0U) |
                         (document.is_deleted ? kDeleted : 0U);
  out += static_cast<char>(flags);
  out += static_cast<char>(document.index);
  append_number(document.revision, out);
  append_number(static_cast<std::uint64_t>(document.updated_at), out);
  append_text(document.profile_name, out);
  append_text(document.who, out);
  append_text(document.template_name, out);
  append_text(document.template_etag, out);
  CLAVIGER_ASSERT(document.migration_systems.size() <= kSystemsMax);
  for (const std::string& system : document.migration_systems) append_text(system, out);
  return out;
}

Result<StoredText> read_stored_text(Bytes value) {
  if (value.empty()) return kCorrupt;
  if (value[0] > kVersion) return Error{Code::SchemaTooNew, "document"};
  if (value[0] != kVersion || value.size() < kTextAt) return kCorrupt;
  const std::size_t size = load_be<std::uint32_t>(value.subspan(1 + kEtagCharacters));
  if (size > value.size() - kTextAt) return kCorrupt;
  return StoredText{as_text(value.subspan(1, kEtagCharacters)), as_text(value.subspan(kTextAt, size))};
}

Result<Document> decode_document(const storage::Value& value) {
  const Bytes bytes = value.bytes();
  CLAVIGER_TRY(stored, read_stored_text(bytes));
  Bytes rest = bytes.subspan(kTextAt + stored.text.size());
  if (rest.size() < kNumberBytes) return kCorrupt;
  Document document;
  document.text = stored.text;
  document.etag = stored.etag;
  const auto flags = std::to_integer<unsigned>(rest[0]);
  document.is_preselected = (flags & kPreselected) != 0;
  document.is_active = (flags & kActive) != 0;
  document.is_deleted = (flags & kDeleted) != 0;
  document.index = std::to_integer<std::uint8_t>(rest[1]);
  document.revision = load_be<std::uint64_t>(rest.subspan(2));
  document.updated_at = static_cast<std::int64_t>(load_be<std::uint64_t>(rest.subspan(10)));
  rest = rest.subspan(kNumberBytes);
  for (std::string* field : {&document.profile_name, &document.who, &document.template_name, &document.template_etag}) {
    CLAVIGER_TRY(text, take_text(rest));
    *field = std::move(text);
  }
  while (!rest.empty()) {
    CLAVIGER_TRY(system, take_text(rest));
    if (document.migration_systems.size() == kSystemsMax) return kCorrupt;
    document.migration_systems.push_back(std::move(system));
  }
  document.version = value.version();
  return document;
}

bool etag_matches(std::string_view field, std::string_view etag) {
  field = trimmed_field(field);
  if (etag.empty()) return false;
  if (field == "*") return true;
  while (!field.empty()) {
    const std::size_t comma = field.find(',');  // no entity tag of ours has one
    const std::string_view one = trimmed_field(field.substr(0, comma));
    if (one.size() == etag.size() + 2 && one.front() == '"' && one.back() == '"' &&
        one.substr(1, etag.size()) == etag) {
      return true;
    }
    if (comma == std::string_view::npos) break;
    field.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace claviger::configuration
