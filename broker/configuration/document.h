// A document as it is kept, and its entity tag (TS 24.484 clause 6; RFC 4825 clause 7.11).
//
// Record of tables::kDocuments, key tenant + AUID + tree + XUI + name; every version, and every deletion, also in
// tables::kDocumentHistory under the same key + revision (16 hex digits). The octets of the client stand in front, as they
// came, so that a GET copies them from the store's block into the answer and reads nothing else:
//
//   value = %x01 etag size text flags index revision updated-at facts  ; 32 hex digits, 4OCTET, *OCTET, OCTET, OCTET,
//                                                                       ; 8OCTET, 8OCTET
//   facts = name who template template-etag *system                    ; each 2OCTET length and text
// The entity tag is a digest of the text: the same on every shard and after a restart. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::configuration {

// A profile with a thousand groups; answered from one slab, written into the store twice.
inline constexpr std::size_t kDocumentBytesMax = 256 * 1024;
inline constexpr std::size_t kEtagCharacters = 32;
// MC systems to which one profile goes along.
inline constexpr std::size_t kSystemsMax = 64;
// Of each of the texts beside the document.
inline constexpr std::size_t kFactBytesMax = 1024;

struct Document {
  std::string text;
  std::string etag;
  bool is_preselected = false;
  bool is_active = true;    // Status of a profile
  bool is_deleted = false;  // in the history: the version that says it is gone
  std::uint8_t index = 0;
  std::uint64_t revision = 0;
  std::int64_t updated_at = 0;
  std::string profile_name;
  std::string who;            // changed it
  std::string template_name;  // from which it was made, with this entity tag; empty: none
  std::string template_etag;
  std::vector<std::string> migration_systems;  // partner systems that this profile is for
  std::uint64_t version = 0;                   // of the record; not stored in it
};

// 32 hex digits.
std::string etag_of(std::string_view text);
std::string encode_document(const Document& document);
// Corrupt, SchemaTooNew.
Result<Document> decode_document(const storage::Value& value);

// What a GET needs: views into the value.
struct StoredText {
  std::string_view etag;
  std::string_view text;
};
Result<StoredText> read_stored_text(Bytes value);

// If-Match and If-None-Match (RFC 9110 clause 13.1): a list of entity tags or "*". `etag` empty: there is no document.
// Strong comparison: a weak tag never matches.
bool etag_matches(std::string_view field, std::string_view etag);

}  // namespace claviger::configuration
