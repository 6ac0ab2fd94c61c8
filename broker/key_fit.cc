#include "broker/key_fit.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/base/bytes.h"
#include "core/codec/hex.h"
#include "core/crypto/digest.h"
#include "storage/data_key_row.h"
#include "storage/former_keys.h"
#include "storage/rocks/record_look.h"
#include "storage/sealing.h"

namespace claviger::broker {
namespace {

using Rows = std::vector<storage::DataKeyRow>;

bool opens_all(const storage::WrappingKeys& keys, const Rows& rows) {
  return std::ranges::all_of(rows, [&](const storage::DataKeyRow& row) {
    return keys.unwrap(as_bytes(row.wrapping_key), as_bytes(row.place), as_bytes(row.wrapped)).has_value();
  });
}

bool opens_all(const std::string& file, const Rows& rows) {
  const auto keys = storage::WrappingKeys::load(file);
  return keys && opens_all(*keys, rows);
}

std::string names_of(const Rows& rows) {
  std::set<std::string> names;
  for (const storage::DataKeyRow& row : rows) names.insert(key_name(row.wrapping_key));
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::string key_name(std::string_view id) {
  std::string name;
  codec::hex_encode(as_bytes(id), name);
  return name;
}

std::optional<KeyFit> key_fit(const std::string& directory, const std::string& key_file,
                              const std::vector<std::string>& labels) {
  const auto records = storage::rocks::read_records(directory, "data_keys", storage::Sealer::kDataKeysMax);
  if (!records || records->empty()) return std::nullopt;
  std::set<std::string> in_token;
  for (const std::string& label : labels) {
    const auto digest = crypto::sha256(as_bytes(label));  // broker/key_encryption.h
    in_token.emplace(as_text(Bytes(digest).first(storage::WrappingKeys::kIdBytes)));
  }
  Rows rows;
  for (const storage::rocks::LookedAt& record : *records) {
    auto row = storage::read_data_key_row(record.key, as_bytes(record.payload));
    if (!row) return std::nullopt;
    if (!in_token.contains(row->wrapping_key)) rows.push_back(*std::move(row));
  }
  if (rows.empty()) return KeyFit{true, directory + " opens with the key in the PKCS #11 token"};
  if (!key_file.empty() && opens_all(key_file, rows)) return KeyFit{true, directory + " opens with " + key_file};

  std::error_code ignored;
  KeyFit fit;
  const bool is_there = !key_file.empty() && std::filesystem::exists(key_file, ignored);
  fit.text = "the key-encryption key's file " + key_file + (is_there ? " does not open " : " is missing for ") +
             directory + ", which wants the key " + names_of(rows);
  for (const std::string& former : storage::former_key_files(key_file)) {
    if (!opens_all(former, rows)) continue;
    return KeyFit{false, fit.text + ": " + former + " does, put it in its place"};
  }
  fit.text += ": bring the copy of the key that was kept with it";
  return fit;
}

}  // namespace claviger::broker
