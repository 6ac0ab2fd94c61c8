#include "broker/configuration/structure_check.h"

#include <algorithm>
#include <array>
#include <vector>

namespace claviger::configuration {
namespace {

using Wrong = std::optional<XcapFault>;

class Structure {
 public:
  Structure(const TypeRule& root, const XmlTree& tree) : tree_(tree), types_(tree.size(), nullptr) {
    types_[0] = &root;
  }

  // In the order of the document a parent comes first and says what its children are: no recursion. An element without a type
  // is an extension, and so is what it holds.
  Wrong run() {
    for (std::uint32_t at = 0; at < tree_.size(); ++at) {
      if (types_[at] == nullptr) continue;
      if (auto wrong = attributes(at)) return wrong;
      if (auto wrong = children(at)) return wrong;
      if (auto wrong = value(at)) return wrong;
    }
    return std::nullopt;
  }

 private:
  XcapFault invalid(std::uint32_t at, const std::string& what) const {
    return {Code::DocumentInvalid, path_of(tree_, at) + ": " + what, {}};
  }

  Wrong attributes(std::uint32_t at) const {
    for (const AttributeRow& row : types_[at]->attributes) {
      const XmlAttribute* found = tree_.attribute(at, row.name);
      if (found == nullptr && row.is_required) {
        return invalid(at, "the attribute " + std::string(row.name) + " is missing.");
      }
      if (found != nullptr && !has_type(row.type, unescaped(found->value))) {
        return invalid(at, "the value of the attribute " + std::string(row.name) + " is not of its type.");
      }
    }
    return std::nullopt;
  }

  Wrong value(std::uint32_t at) const {
    const TypeRule& type = *types_[at];
    const bool is_simple = type.value != ValueType::None && type.content != Content::Open;
    if (is_simple && tree_[at].first_child != kNoElement) return invalid(at, "there are elements in a value.");
    if (!has_type(type.value, tree_.content(at))) {
      return invalid(
          at, type.value == ValueType::None ? "there is text between the elements." : "the value is not of its type.");
    }
    return std::nullopt;
  }

  Wrong children(std::uint32_t at) {
    const TypeRule& type = *types_[at];
    if (type.value != ValueType::None) return std::nullopt;
    std::array<std::uint8_t, kRowsMax> counts{};
    std::size_t reached = 0;
    for (std::uint32_t child = tree_[at].first_child; child != kNoElement; child = tree_[child].next_sibling) {
      const std::string_view name = tree_[child].name;
      if (tree_[child].space != tree_[0].space || name == "anyExt") continue;
      const auto row = std::ranges::find(type.rows, name, &ElementRow::name);
      if (row == type.rows.end()) {
        if (type.content == Content::Open) continue;
        return invalid(at, "<" + std::string(name) + "> is none of its elements.");
      }
      const auto number = static_cast<std::size_t>(row - type.rows.begin());
      if (row->most != kMany && ++counts[number] > row->most) {
        return invalid(at, "there is more than one <" + std::string(name) + ">.");
      }
      if (row->most == kMany) counts[number] = 1;
      if (type.content == Content::Ordered && number < reached) {
        return invalid(at, "<" + std::string(name) + "> stands behind <" + std::string(type.rows[reached].name) + ">.");
      }
      reached = std::max(reached, number);
      types_[child] = row->type;
    }
    for (std::size_t i = 0; i < type.rows.size(); ++i) {
      if (counts[i] < type.rows[i].least) {
        return invalid(at, "<" + std::string(type.rows[i].name) + "> is missing.");
      }
    }
    return std::nullopt;
  }

  const XmlTree& tree_;
  std::vector<const TypeRule*> types_;  // of each element; null: an extension
};

// Its place among its siblings of the same name; 0: it has none.
std::size_t position_of(const XmlTree& tree, std::uint32_t element) {
  if (tree[element].parent == kNoElement) return 0;
  std::size_t before = 0;
  std::size_t all = 0;
  for (std::uint32_t at = tree[tree[element].parent].first_child; at != kNoElement; at = tree[at].next_sibling) {
    if (tree[at].name != tree[element].name || tree[at].space != tree[element].space) continue;
    ++all;
    if (at <= element) ++before;
  }
  return all == 1 ? 0 : before;
}

}  // namespace

Wrong check_structure(const TypeRule& root, const XmlTree& tree) { return Structure(root, tree).run(); }

std::string path_of(const XmlTree& tree, std::uint32_t element) {
  std::string path;
  for (std::uint32_t at = element; at != kNoElement; at = tree[at].parent) {
    std::string step(tree[at].name);
    if (const std::size_t position = position_of(tree, at)) step += "[" + std::to_string(position) + "]";
    path = path.empty() ? step : step.append("/").append(path);
  }
  return path;
}

const TypeRule* grammar_of(const Application& application) {
  switch (application.kind) {
    case DocumentKind::UserProfile:
      return application.is_val ? &val_profile_grammar() : &profile_grammar(application.service);
    case DocumentKind::UeConfiguration:
      return application.is_val ? &val_ue_grammar() : &ue_grammar();
    case DocumentKind::UeInitialConfiguration:
      return &ue_initial_grammar();
    case DocumentKind::ServiceConfiguration:
      return &service_grammar();
    case DocumentKind::MigrationConnectivity:
      return nullptr;
  }
  return nullptr;
}

}  // namespace claviger::configuration
