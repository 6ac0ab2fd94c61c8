// KmsResponse (TS 33.180 clause D.3, spec 4.4 to 4.6): what the KMS answers, written once into a slab in canonical form.
//
// Elements stand in the order of the schema; every key element names its type. Pure functions on the asking shard.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/keys/kms.h"
#include "broker/keys/user_keys.h"
#include "broker/keys/xml_writer.h"
#include "core/base/result.h"
#include "core/base/slice.h"
#include "storage/sealing.h"
#include "storage/value.h"

namespace claviger::keys {

inline constexpr std::string_view kXmlType = "application/xml";

// What every answer begins with.
struct ResponseHead {
  std::string user_uri;
  std::string kms_uri;
  std::int64_t time = 0;
  std::string client_req_url;
  std::size_t text_bytes() const { return user_uri.size() + kms_uri.size() + client_req_url.size(); }
};

void write_head(XmlWriter& xml, const ResponseHead& head);  // up to ClientReqUrl, KmsResponse stays open
inline constexpr std::string_view kResponseEnd = "</KmsResponse>";
// What write_head() and kResponseEnd need at most.
std::size_t head_room(const ResponseHead& head);

// KmsCertificate, Role="Root".
void write_certificate(XmlWriter& xml, const Domain& domain);
std::size_t certificate_room(const Domain& domain);

// One period's keys as they lie in the store.
struct KeySet {
  DomainRef domain;
  std::uint64_t period = 0;
  std::string user_uri;
  std::string record_key;
  storage::Value value;
};
std::size_t key_set_room(const KeySet& set);
// KmsKeySet, with keys in plain text. What opening says.
Result<Unit> write_key_set(XmlWriter& xml, storage::Sealer& sealer, const KeySet& set);

// KmsError instead of a KmsMessage.
Slice write_error(SlabPool& slabs, const ResponseHead& head, std::uint32_t code, std::string_view message);

}  // namespace claviger::keys
