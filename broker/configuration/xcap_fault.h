// Why a document or an edit is refused: one element of RFC 4825 clause 11.2, and the sentence that goes with it.
//
// A value.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/base/code.h"

namespace claviger::configuration {

struct XcapFault {
  Code code;               // of the section "configuration", or of the XML guard
  std::string phrase;      // of ours; octets of the client in it are escaped when it is written
  std::string ancestor;    // no-parent: the selector of the last element that is there
  std::string field = {};  // uniqueness-failure: the selector of what is there a second time
};

// A value or a fault; std::variant would not say which is which.
template <typename T>
struct Checked {
  Checked(T good) : value(std::move(good)) {}
  Checked(XcapFault wrong) : fault(std::move(wrong)) {}
  explicit operator bool() const { return value.has_value(); }
  T& operator*() { return *value; }
  const T& operator*() const { return *value; }
  T* operator->() { return &*value; }
  const T* operator->() const { return &*value; }
  std::optional<T> value;
  std::optional<XcapFault> fault;
};

}  // namespace claviger::configuration
