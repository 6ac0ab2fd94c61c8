// HMAC signatures over KMS messages (TS 33.180 clauses D.1, 9.3.5; XML Signature 1.1), a client's side: signing requests,
// checking responses.
//
// A response counts when its one reference covers the very element that is read afterwards: nothing else of the document
// is looked at. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "tools/claviger-ue/xml_tree.h"

namespace claviger::ue {

// <Signature> over `element`, which is in canonical form and carries Id="`id`".
std::string write_signature(std::string_view id, std::string_view element, std::string_view key_name, Bytes key);

struct SignedElement {
  XmlElement element;
  XmlElement signature;
  std::string key_name;
};
// The one `name` and the one Signature in the root `wrapper`. XmlSignature.
Result<SignedElement> find_signed(const XmlTree& tree, std::string_view wrapper, std::string_view name);
// XmlSignature for whatever does not hold.
Result<Unit> check_signature(const XmlTree& tree, const SignedElement& what, Bytes key);

}  // namespace claviger::ue
