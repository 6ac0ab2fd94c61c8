// What the documents of an application usage are made of: one row for each element, one type for each kind of element, a file
// for each kind of document. Read from the schemas of TS 24.484 and TS 24.546; where two releases differ, what either has.
//
// A type is open where the standard leaves room for elements that we could not read: those of the document's own namespace
// are then let through. Elements of other namespaces, whatever is in an anyExt, and attributes that no row names are let
// through everywhere: that is how releases and operators extend these documents. Static tables, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "broker/configuration/application.h"
#include "broker/configuration/value_type.h"

namespace claviger::configuration {

struct TypeRule;

inline constexpr std::uint8_t kMany = 255;
// The longest list of rows; a check counts each.
inline constexpr std::size_t kRowsMax = 32;

struct ElementRow {
  std::string_view name;
  const TypeRule* type;
  std::uint8_t least = 0;
  std::uint8_t most = 1;
};

struct AttributeRow {
  std::string_view name;
  ValueType type = ValueType::Text;
  bool is_required = false;
};

enum class Content : std::uint8_t {
  Closed,   // xs:choice: the rows, in any order
  Ordered,  // xs:sequence: the rows, in theirs
  Open      // the rows, and what we do not know
};

struct TypeRule {
  ValueType value = ValueType::None;
  Content content = Content::Closed;
  std::span<const ElementRow> rows = {};
  std::span<const AttributeRow> attributes = {};
};

inline constexpr TypeRule kText{.value = ValueType::Text};
inline constexpr TypeRule kBoolean{.value = ValueType::Boolean};
inline constexpr TypeRule kEmpty{.value = ValueType::Empty};
inline constexpr TypeRule kAnyUri{.value = ValueType::AnyUri};
inline constexpr TypeRule kUri{.value = ValueType::Uri};
inline constexpr TypeRule kByte{.value = ValueType::Byte};
inline constexpr TypeRule kShort{.value = ValueType::Short};
inline constexpr TypeRule kCount{.value = ValueType::Count};
inline constexpr TypeRule kPositive{.value = ValueType::Positive};
inline constexpr TypeRule kHex{.value = ValueType::Hex};
inline constexpr TypeRule kHex6{.value = ValueType::Hex6};
inline constexpr TypeRule kDuration{.value = ValueType::Duration};
inline constexpr TypeRule kTac{.value = ValueType::Tac};
inline constexpr TypeRule kSerial{.value = ValueType::Serial};
// Of which nothing is known but the name.
inline constexpr TypeRule kAnything{.value = ValueType::Text, .content = Content::Open};

const TypeRule& profile_grammar(tokens::McService service);  // profile_grammar.cc
const TypeRule& ue_grammar();                                // ue_grammar.cc; of all three MC services
const TypeRule& ue_initial_grammar();                        // ue_initial_grammar.cc
const TypeRule& service_grammar();                           // service_grammar.cc; of all three MC services
const TypeRule& val_profile_grammar();                       // val_grammar.cc
const TypeRule& val_ue_grammar();                            // val_grammar.cc

// The type of the root element; null: there is none, what is to be checked is checked elsewhere.
const TypeRule* grammar_of(const Application& application);

}  // namespace claviger::configuration
