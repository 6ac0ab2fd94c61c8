// A stored FlatBuffer: copied once into an aligned buffer, verified, its schema version checked, then read in place.
//
// Root is the generated table type; its first field is `schema_version: uint16`. Owned by whoever holds it, any thread;
// nothing of the store stays pinned. Include it in the .cc of the records only: generated types stay behind their
// decode functions. Where a payload stands beside the record (documents, key material), it is a record of its own.
//
// No vectors of eight-byte scalars and no structs: the library's verifier looks at the alignment of a vector's length,
// not at that of its elements, so a corrupted record would be read misaligned. tools/checks/house.py refuses them.
//
// Migration: fields are added at the end, old records then read with the new fields absent. What that cannot express
// raises the schema version and comes with a `migrate` that turns an older record into one of the present version; it
// is written in the new form when it is next changed.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/result.h"
#include "core/runtime/shard.h"
#include "storage/value.h"

namespace claviger::storage {

struct RecordSchema {
  std::string_view name;  // a literal: `where` of errors
  std::uint16_t version;  // what we write; 1 is the first
  // Given the version (1 to version - 1) and the stored bytes, which it must verify as what they then were: a record
  // of `version`. Without one, older records read as they are.
  Result<std::string> (*migrate)(std::uint16_t from, Bytes stored) = nullptr;
};

template <typename Root>
  requires std::is_same_v<decltype(std::declval<const Root&>().schema_version()), std::uint16_t>
class FlatRecord {
 public:
  // Corrupt (the verifier refuses, or version 0, which nobody writes), SchemaTooNew (a later release wrote it); `key`
  // is named in the shard's log then.
  static Result<FlatRecord> open(Bytes stored, const RecordSchema& schema, std::string_view key = {}) {
    auto record = open_any_version(stored, schema);
    if (!record) report(schema, key, record.error().code);
    return record;
  }
  static Result<FlatRecord> open(const Value& value, const RecordSchema& schema, std::string_view key = {}) {
    return open(value.bytes(), schema, key);
  }

  const Root& operator*() const { return *root_; }
  const Root* operator->() const { return root_; }
  Bytes bytes() const { return std::as_bytes(std::span(words_.get(), (size_ + 7) / 8)).first(size_); }

 private:
  static constexpr std::size_t kBytesMin = 8;  // a root offset and an empty table
  // Ours are flat: a table, vectors of strings, perhaps a table in a vector.
  static constexpr flatbuffers::uoffset_t kDepthMax = 8;
  static constexpr flatbuffers::uoffset_t kTablesMax = 65'536;

  // The first field of every record, in every version of its schema.
  struct Versioned : private flatbuffers::Table {
    static constexpr flatbuffers::voffset_t kField = 4;
    bool Verify(flatbuffers::Verifier& verifier) const {  // the name that the library asks for
      return VerifyTableStart(verifier) && VerifyField<std::uint16_t>(verifier, kField, sizeof(std::uint16_t)) && verifier.EndTable();
    }
    std::uint16_t version() const { return GetField<std::uint16_t>(kField, 0); }
  };

  FlatRecord() = default;
  static Result<FlatRecord> open_any_version(Bytes stored, const RecordSchema& schema) {
    FlatRecord record;
    // copy: values in a block of the store are not aligned; the verifier and the accessors need 8.
    record.words_ = std::make_unique<std::uint64_t[]>(stored.size() / sizeof(std::uint64_t) + 1);
    record.size_ = stored.size();
    if (!stored.empty()) std::memcpy(record.words_.get(), stored.data(), stored.size());
    // The version first: what a later release wrote need not verify as what we know.
    CLAVIGER_TRY(versioned, record.root_as<Versioned>(schema));
    const std::uint16_t version = versioned->version();
    if (version == 0) return Error{Code::Corrupt, schema.name};
    if (version > schema.version) return Error{Code::SchemaTooNew, schema.name};
    if (version < schema.version && schema.migrate != nullptr) {
      CLAVIGER_TRY(migrated, schema.migrate(version, record.bytes()));
      return open_any_version(as_bytes(migrated), {schema.name, schema.version});
    }
    CLAVIGER_TRY(root, record.root_as<Root>(schema));
    record.root_ = root;
    return record;
  }
  template <typename Table>
  Result<const Table*> root_as(const RecordSchema& schema) const {
    if (size_ < kBytesMin || size_ >= FLATBUFFERS_MAX_BUFFER_SIZE) return Error{Code::Corrupt, schema.name};
    const auto* aligned = reinterpret_cast<const std::uint8_t*>(words_.get());
    flatbuffers::Verifier verifier(aligned, size_, kDepthMax, kTablesMax);
    if (!verifier.VerifyBuffer<Table>(nullptr)) return Error{Code::Corrupt, schema.name};
    return flatbuffers::GetRoot<Table>(aligned);
  }
  static void report(const RecordSchema& schema, std::string_view key, Code code) {
    runtime::Shard* shard = runtime::Shard::current_or_null();
    if (shard == nullptr) return;
    shard->logger().error("record.unreadable", {{"record", schema.name}, {"key", key}, {"code", name_of(code)}});
  }

  std::unique_ptr<std::uint64_t[]> words_;
  std::size_t size_ = 0;
  const Root* root_ = nullptr;
};

// Fields of records. Reading: absent stands for empty. Writing: empty is left out.
inline std::string text_of(const flatbuffers::String* field) { return field == nullptr ? std::string() : field->str(); }

inline std::vector<std::string> texts_of(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* field) {
  std::vector<std::string> texts;
  if (field == nullptr) return texts;
  texts.reserve(field->size());
  for (const flatbuffers::String* text : *field) texts.push_back(text->str());
  return texts;
}

inline Bytes bytes_of(const flatbuffers::Vector<std::uint8_t>* field) {
  return field == nullptr ? Bytes() : std::as_bytes(std::span(field->data(), field->size()));
}

inline flatbuffers::Offset<flatbuffers::String> put_text(flatbuffers::FlatBufferBuilder& builder, std::string_view text) {
  return text.empty() ? 0 : builder.CreateString(text.data(), text.size());
}
inline flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>> put_texts(
    flatbuffers::FlatBufferBuilder& builder, const std::vector<std::string>& texts) {
  return texts.empty() ? 0 : builder.CreateVectorOfStrings(texts);
}
inline flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> put_bytes(flatbuffers::FlatBufferBuilder& builder, Bytes bytes) {
  return builder.CreateVector(as_uchar(bytes), bytes.size());
}

// The finished buffer as the bytes to put.
inline Bytes finished_bytes(const flatbuffers::FlatBufferBuilder& builder) {
  return std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
}
inline std::string finished(const flatbuffers::FlatBufferBuilder& builder) { return std::string(as_text(finished_bytes(builder))); }

}  // namespace claviger::storage
