// A stored FlatBuffer, copied once into an aligned buffer, verified, then read in place.
//
// For the *.cc of the records in this folder only: generated schema types stay behind their decode functions. Lives for
// one decode call. Root must have `schema_version`.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::identity {

inline constexpr std::uint16_t kSchemaVersion = 1;

template <typename Root>
class FlatRecord {
 public:
  // Corrupt (the verifier refuses, or version 0, which nobody writes), SchemaTooNew (a later release wrote it).
  static Result<FlatRecord> open(const storage::Value& value, std::string_view where) {
    const Bytes bytes = value.bytes();
    FlatRecord record;
    // copy: values in a block of the store are not aligned; the verifier and the accessors need 8.
    record.words_ = std::make_unique<std::uint64_t[]>(bytes.size() / sizeof(std::uint64_t) + 1);
    if (!bytes.empty()) std::memcpy(record.words_.get(), bytes.data(), bytes.size());
    const auto* aligned = reinterpret_cast<const std::uint8_t*>(record.words_.get());
    flatbuffers::Verifier verifier(aligned, bytes.size());
    if (bytes.size() < kBytesMin || !verifier.VerifyBuffer<Root>(nullptr)) return Error{Code::Corrupt, where};
    record.root_ = flatbuffers::GetRoot<Root>(aligned);
    if (record.root_->schema_version() == 0) return Error{Code::Corrupt, where};
    if (record.root_->schema_version() > kSchemaVersion) return Error{Code::SchemaTooNew, where};
    return record;
  }
  const Root* operator->() const { return root_; }

 private:
  static constexpr std::size_t kBytesMin = 8;  // a root offset and an empty table
  FlatRecord() = default;
  std::unique_ptr<std::uint64_t[]> words_;
  const Root* root_ = nullptr;
};

// Absent stands for empty.
inline std::string text_of(const flatbuffers::String* field) { return field == nullptr ? std::string() : field->str(); }

inline std::vector<std::string> texts_of(
    const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* field) {
  std::vector<std::string> texts;
  if (field == nullptr) return texts;
  texts.reserve(field->size());
  for (const flatbuffers::String* text : *field) texts.push_back(text->str());
  return texts;
}

inline Bytes bytes_of(const flatbuffers::Vector<std::uint8_t>* field) {
  return field == nullptr ? Bytes() : std::as_bytes(std::span(field->data(), field->size()));
}

inline flatbuffers::Offset<flatbuffers::String> put_text(flatbuffers::FlatBufferBuilder& builder,
                                                         std::string_view text) {
  return text.empty() ? 0 : builder.CreateString(text.data(), text.size());
}
inline flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>> put_texts(
    flatbuffers::FlatBufferBuilder& builder, const std::vector<std::string>& texts) {
  return texts.empty() ? 0 : builder.CreateVectorOfStrings(texts);
}
inline flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> put_bytes(flatbuffers::FlatBufferBuilder& builder,
                                                                        Bytes bytes) {
  return builder.CreateVector(as_uchar(bytes), bytes.size());
}
inline std::string finished(const flatbuffers::FlatBufferBuilder& builder) {
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

}  // namespace claviger::identity
