// KmsResponse (TS 33.180 clause D.3, spec 4.4 to 4.6): what the KMS answers, written once into a slab in canonical form.
//
// Elements stand in the order of the schema; every key element names its type. Pure functions on the asking shard.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/keys/kms.h"
#include "broker/keys/protection.h"
#include "broker/keys/user_keys.h"
#include "broker/keys/xml_writer.h"
#include "core/base/result.h"
#include "core/base/slice.h"
#include "storage/sealing.h"
#include "storage/value.h"

namespace claviger::keys {

inline constexpr std::string_view kXmlType = "application/xml";

// What every answer begins with, whoever keeps it.
struct HeadView {
  std::string_view user_uri;
  std::string_view kms_uri;
  std::int64_t time = 0;
  std::string_view client_req_url;
  std::size_t text_bytes() const { return user_uri.size() + kms_uri.size() + client_req_url.size(); }
};
struct ResponseHead {
  std::string user_uri;
  std::string kms_uri;
  std::int64_t time = 0;
  std::string client_req_url;
  HeadView view() const { return {user_uri, kms_uri, time, client_req_url}; }
};

// A response from its first octet to its last, signed when the request was; the message between them.
class ResponseFrame {
 public:
  // What begin() and end() need at most.
  static std::size_t room(const HeadView& head, const Protection& protection);
  ResponseFrame(XmlWriter& xml, const HeadView& head, const Protection& protection);
  // The ids of what protects it, its end and its signature.
  void end();

 private:
  XmlWriter& xml_;
  const Protection& protection_;
  std::size_t begin_ = 0;  // of KmsResponse
};

// A KmsMessage and its one container, beside what is in it.
inline constexpr std::size_t kMessageRoom = 256;

// NewTransportKey and NewIntegrityKey under the present TrK.
std::size_t offered_room(const Protection& protection);
Result<Unit> write_offered(XmlWriter& xml, const DomainPolicy& policy, const Protection& protection);

// KmsCertificate, Role="Root".
// `role`: "Root" of ours, "External" of others. `attributes`: before it, canonically: `xmlns="..." Id="..."`.
void write_certificate(XmlWriter& xml, const Domain& domain, std::string_view role = "Root",
                       std::string_view attributes = {});
std::size_t certificate_room(const Domain& domain);

// One period's keys as they lie in the store.
struct KeySetView {
  const Domain* domain;
  std::uint64_t period;
  std::string_view user_uri;
  std::string_view record_key;
  const storage::Value* value;
};
struct KeySet {
  DomainRef domain;
  std::uint64_t period = 0;
  std::string user_uri;
  std::string record_key;
  storage::Value value;
  KeySetView view() const { return {&domain->domain, period, user_uri, record_key, &value}; }
};
std::size_t key_set_room(const KeySetView& set, const Protection& protection);
// A period's keys under the TrK (spec 4.7).
inline constexpr std::size_t kWrappedBytesMax = 272;  // an RSK's, padded
struct WrappedKey {
  std::array<std::byte, kWrappedBytesMax> bytes;
  std::size_t size = 0;
  Bytes used() const { return Bytes(bytes).first(size); }
};
struct WrappedKeys {
  WrappedKey rsk, ssk, pvt;
};
// Of one answer, all of one domain: together they take little longer than one alone. What opening and wrapping say.
inline constexpr std::size_t kWrappedSetsMax = 2;
Result<Unit> wrap_key_sets(storage::Sealer& sealer, std::span<const KeySetView> sets, const Protection& protection,
                           std::span<WrappedKeys> out);
// KmsKeySet, with keys in plain text, or wrapped under the TrK, those in `wrapped` if they are. The same.
Result<Unit> write_key_set(XmlWriter& xml, storage::Sealer& sealer, const KeySetView& set, const Protection& protection,
                           const WrappedKeys* wrapped = nullptr);

// KmsError instead of a KmsMessage.
Slice write_error(SlabPool& slabs, const ResponseHead& head, std::uint32_t code, std::string_view message);

}  // namespace claviger::keys
