// A KmsBed whose user ann has an InK and a TrK, and requests signed as her client does.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "broker/keys/date_time.h"
#include "broker/keys/transport_key.h"
#include "broker/keys/xml_signature.h"
#include "tests/broker/keys/kms_bed.h"

namespace claviger::keys {

inline const std::string kInkId = "ink.1.ann";
inline const std::string kTrkId = "trk.1.ann";
inline const std::string kInk(32, 'i');
inline const std::string kTrk(32, 't');

inline std::string request_text(std::int64_t now, std::string_view path, const std::string& more = {}) {
  return "<KmsRequest xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\" Id=\"xmldoc\" Version=\"1.1.0\"><UserUri>" +
         std::string(kAnn) + "</UserUri><KmsUri>" + std::string(kKmsUri) + "</KmsUri><Time>" + write_date_time(now) +
         "</Time><DeviceId>d1</DeviceId><ClientReqUrl>" + std::string(kOrigin) + std::string(kRootPath) +
         std::string(path) + "</ClientReqUrl>" + more + "</KmsRequest>";
}

inline std::string signed_text(const std::string& request, const std::string& key_name, const std::string& key,
                               const std::string& id = "xmldoc") {
  SlabPool slabs;
  SlabWriter sink(slabs, 16'384);
  XmlWriter xml(sink);
  xml.raw("<SignedKmsRequest xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\" Id=\"wrapper\">").raw(request);
  write_signature(xml, id, as_bytes(request), key_name, as_bytes(key));
  xml.raw("</SignedKmsRequest>");
  return std::string(sink.finish().text());
}

inline std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

class ProtectedBed : public KmsBed {
 public:
  explicit ProtectedBed(DomainDraft draft = {}, bool has_ink = true) : KmsBed(std::move(draft)) {
    if (has_ink) add(TransportKeyKind::Ink, kInkId, kInk);
    add(TransportKeyKind::Trk, kTrkId, kTrk);
  }
  void add(TransportKeyKind kind, const std::string& id, const std::string& key, bool is_offered = false,
           std::string device = {}, std::string user = std::string(kAnn)) {
    NewTransportKey wanted;
    wanted.user_uri = std::move(user);
    wanted.kind = kind;
    wanted.id = id;
    wanted.key = SecretBytes(as_bytes(key));
    wanted.is_offered = is_offered;
    wanted.device_id = std::move(device);
    const auto made = wait(add_transport_key(context(), "alpha", std::move(wanted)));
    EXPECT_TRUE(made.has_value()) << (made ? "" : claviger::name_of(made.error().code));
  }
  identity::Reply ask(std::string_view path, std::string body) { return post_as(token(), path, std::move(body)); }
};

inline void expect_error(const identity::Reply& reply, std::uint16_t status, std::string_view code) {
  EXPECT_EQ(reply.status, status) << reply.body;
  EXPECT_EQ(element_of(reply.body, "ErrorCode"), code) << reply.body;
}

}  // namespace claviger::keys
