#include "broker/configuration/document_check.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <vector>

#include "broker/configuration/structure_check.h"
#include "core/codec/utf8.h"

namespace claviger::configuration {
namespace {

constexpr std::string_view kCommonPolicy = "urn:ietf:params:xml:ns:common-policy";

// Values whose type their names say, wherever they stand in the document's own namespace: in the actions of a rule and in an
// extension, too, which no grammar describes. A missing "allow-..." is false, but one that is there is a boolean.
std::optional<ValueType> type_of(std::string_view name) {
  if (name.starts_with("allow-")) return ValueType::Boolean;
  if (name == "uri-entry") return ValueType::Uri;
  if (name == "User-Info-ID") return ValueType::Hex6;
  return std::nullopt;
}

// Entries of lists: their indexes differ from each other.
constexpr std::array<std::string_view, 4> kListed{"entry", "alias-entry", "PrivateCallURI", "PrivateCallProSeUser"};

// As MC services and as the later releases of TS 24.546 spell them.
constexpr std::array<std::string_view, 2> kStatus{"Status", "status"};
constexpr std::array<std::string_view, 2> kProfileName{"ProfileName", "profile-name"};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

// The attribute of a VAL profile that says what an MC profile's <Pre-selected-indication> says.
bool is_marked_default(const Application& application, const XmlTree& tree) {
  const XmlAttribute* mark = application.is_val ? tree.attribute(0, "isDefault") : nullptr;
  return mark != nullptr && boolean_in(unescaped(mark->value)).value_or(false);
}

class Check {
 public:
  Check(const Application& application, const DocumentName& name, const XmlTree& tree, std::string_view before)
      : application_(application), name_(name), tree_(tree), before_(before) {}

  Checked<DocumentFacts> run() {
    const XmlElement& root = tree_[0];
    if (root.name != application_.root || root.space != space_in(application_, root.space)) {
      return invalid("The root element is not <" + std::string(application_.root) + "> of " +
                     std::string(application_.space) + ".");
    }
    if (auto wrong = structure()) return *std::move(wrong);
    for (std::uint32_t at = 0; at < tree_.size(); ++at) {
      if (auto wrong = element(at)) return *std::move(wrong);
    }
    if (application_.kind == DocumentKind::UserProfile) {
      if (auto wrong = profile()) return *std::move(wrong);
    }
    if (application_.kind == DocumentKind::MigrationConnectivity) {
      if (auto wrong = connectivity()) return *std::move(wrong);
    }
    return std::move(facts_);
  }

 private:
  using Wrong = std::optional<XcapFault>;
  static XcapFault invalid(std::string phrase) { return {Code::DocumentInvalid, std::move(phrase), {}}; }
  static XcapFault constraint(std::string phrase) { return {Code::XcapConstraint, std::move(phrase), {}}; }
  bool is_own(std::uint32_t at) const { return tree_[at].space == tree_[0].space; }

  Wrong structure() const {
    const TypeRule* grammar = grammar_of(application_);
    auto wrong = grammar == nullptr ? std::nullopt : check_structure(*grammar, tree_);
    if (!wrong || before_.empty()) return wrong;
    const auto former = XmlTree::read(before_);
    const auto known = former ? check_structure(*grammar, *former) : std::nullopt;
    return known && known->phrase == wrong->phrase ? std::nullopt : wrong;
  }

  Wrong element(std::uint32_t at) {
    const std::string_view name = tree_[at].name;
    if (tree_[at].space == kCommonPolicy && name == "ruleset") return ruleset(at);
    if (!is_own(at)) return std::nullopt;
    const auto type = type_of(name);
    if (type && !has_type(*type, tree_.content(at))) {
      return invalid(path_of(tree_, at) + ": the value is not of its type.");
    }
    return unique(at, kListed, "index");
  }

  // RFC 4745 clause 13: rules, each with an identifier of its own.
  Wrong ruleset(std::uint32_t at) {
    constexpr std::array<std::string_view, 1> kRules{"rule"};
    for (std::uint32_t rule = tree_[at].first_child; rule != kNoElement; rule = tree_[rule].next_sibling) {
      if (tree_[rule].name != "rule") continue;
      if (tree_.attribute(rule, "id") == nullptr)
        return invalid(path_of(tree_, rule) + ": the attribute id is missing.");
    }
    return unique(at, kRules, "id");
  }

  // No two children of the same of these names have the same value of this attribute.
  Wrong unique(std::uint32_t at, std::span<const std::string_view> names, std::string_view attribute) {
    std::set<std::pair<std::string_view, std::string>> seen;
    for (std::uint32_t child = tree_[at].first_child; child != kNoElement; child = tree_[child].next_sibling) {
      const std::string_view name = tree_[child].name;
      if (tree_[child].space != tree_[at].space || std::ranges::find(names, name) == names.end()) continue;
      const XmlAttribute* value = tree_.attribute(child, attribute);
      if (value == nullptr || seen.emplace(name, trimmed(unescaped(value->value))).second) continue;
      XcapFault twice{Code::XcapUniqueness, {}, {}};
      twice.phrase = "Two <" + std::string(name) + "> have one " + std::string(attribute) + ".";
      twice.field = path_of(tree_, child) + "/@" + std::string(attribute);
      return twice;
    }
    return std::nullopt;
  }

  // What counts for us.
  Wrong profile() {
    std::size_t states = 0;
    for (std::uint32_t at = tree_[0].first_child; at != kNoElement; at = tree_[at].next_sibling) {
      if (!is_own(at)) continue;
      const std::string_view name = tree_[at].name;
      const auto value = boolean_in(tree_.content(at));
      if (is_one_of(name, kStatus)) {
        if (!value) return invalid("<Status> is a boolean.");
        ++states;
        facts_.is_active = *value;
      }
      if (is_one_of(name, kProfileName)) facts_.profile_name = trimmed(tree_.content(at));
      if (name == "Pre-selected-indication") facts_.is_preselected = true;
      if (name == "is-default") facts_.is_preselected = facts_.is_preselected || value.value_or(false);
    }
    if (states != 1) return invalid("A profile has one <Status>.");
    if (facts_.profile_name.size() > kNameBytesMax) return constraint("The name of the profile is too long.");
    if (is_marked_default(application_, tree_)) facts_.is_preselected = true;
    if (auto wrong = owner()) return wrong;
    return profile_index();
  }

  Wrong owner() {
    const XmlAttribute* xui = tree_.attribute(0, "XUI-URI");
    if (xui == nullptr && application_.is_val) return std::nullopt;
    if (xui == nullptr) return invalid("The root element lacks XUI-URI.");
    if (canonical_xui(unescaped(xui->value)) != name_.xui) return constraint("XUI-URI is not the XUI of the path.");
    return std::nullopt;
  }

  // TS 24.546's text has an element where its schema has an attribute: both are taken.
  Wrong profile_index() {
    std::optional<std::uint64_t> index;
    if (const XmlAttribute* attribute = tree_.attribute(0, "user-profile-index"))
      index = number_in(unescaped(attribute->value));
    const std::uint32_t element = application_.is_val ? tree_.child(0, "user-profile-index") : kNoElement;
    if (!index && element != kNoElement) index = number_in(tree_.content(element));
    if (!index || *index > 255) return invalid("user-profile-index is a number up to 255.");
    facts_.index = static_cast<std::uint8_t>(*index);
    if (name_.name != std::string(application_.file_prefix) + std::to_string(*index) + ".xml") {
      return constraint("The document is called " + std::string(application_.file_prefix) +
                        "INDEX.xml, by its own index.");
    }
    return std::nullopt;
  }

  Wrong connectivity() {
    const XmlAttribute* system = tree_.attribute(0, "system");
    if (system == nullptr || system->value.empty()) return invalid("The root element lacks system.");
    if (name_.name != unescaped(system->value) + ".xml") return constraint("The document is called by its system.");
    for (const std::string_view needed : {"private-identity", "public-identity"}) {
      const std::uint32_t found = tree_.child(0, needed);
      if (found == kNoElement || trimmed(tree_.content(found)).empty()) {
        return invalid("<" + std::string(needed) + "> is missing.");
      }
    }
    return std::nullopt;
  }

  const Application& application_;
  const DocumentName& name_;
  const XmlTree& tree_;
  std::string_view before_;
  DocumentFacts facts_;
};

bool is_users_own(const XmlTree& tree, std::uint32_t at) {
  const XmlElement& element = tree[at];
  if (element.parent == kNoElement || element.space != tree[0].space) return false;
  if (element.parent == 0) {
    return is_one_of(element.name, kProfileName) || element.name == "Pre-selected-indication" ||
           element.name == "is-default";
  }
  return element.name == "UserAlias" && tree[element.parent].name == "Common" && tree[element.parent].parent == 0;
}

// What two documents must have in common: names in their namespaces, attributes in order, texts. Blanks between elements
// and how a prefix is called say nothing.
void append_meaning(const XmlTree& tree, std::uint32_t first, std::string& out) {
  // Depth first without recursion: the end of each element is written when its last descendant was.
  std::vector<std::uint32_t> open;
  const auto close = [&out](std::vector<std::uint32_t>& stack) {
    out += "\n)";
    stack.pop_back();
  };
  for (std::uint32_t at = first; at < tree.size(); ++at) {
    while (!open.empty() && tree[at].begin >= tree[open.back()].end) close(open);
    if (is_users_own(tree, at)) {
      const std::uint32_t end = tree[at].end;
      while (at + 1 < tree.size() && tree[at + 1].begin < end) ++at;
      continue;
    }
    out.append("\n(").append(tree[at].space).append(1, ' ').append(tree[at].name);
    std::vector<std::string> attributes;
    for (const XmlAttribute& each : tree.attributes(at)) {
      if (each.is_declaration() || (at == 0 && each.prefix.empty() && each.name == "isDefault")) continue;
      const std::string_view space = each.prefix.empty() ? std::string_view() : tree.space_of(at, each.prefix);
      attributes.push_back(std::string(space).append(1, ' ').append(each.name) + "=\"" +
                           escaped(unescaped(each.value)) + "\"");
    }
    std::ranges::sort(attributes);
    for (const std::string& each : attributes) out.append("\n ").append(each);
    out.append("\n").append(escaped(trimmed(tree.content(at))));
    open.push_back(at);
  }
  while (!open.empty()) close(open);
}

// RFC 4825 clause 8.2.2: its octets may be UTF-8 by chance.
bool declares_another_encoding(std::string_view text) {
  if (!text.starts_with("<?xml")) return false;
  const std::string_view declaration = text.substr(0, text.find("?>"));
  const std::size_t at = declaration.find("encoding");
  if (at == std::string_view::npos) return false;
  const std::size_t begin = declaration.find_first_of("\"'", at);
  if (begin == std::string_view::npos) return false;
  const std::size_t end = declaration.find(declaration[begin], begin + 1);
  if (end == std::string_view::npos) return false;
  const std::string_view name = declaration.substr(begin + 1, end - begin - 1);
  constexpr std::string_view kUtf8 = "utf-8";
  return !std::ranges::equal(name, kUtf8, {}, [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
  });
}

}  // namespace

Checked<DocumentFacts> check_document(const Application& application, const DocumentName& name, std::string_view text,
                                      std::string_view before) {
  if (!codec::is_utf8(text) || declares_another_encoding(text)) {
    return XcapFault{Code::XcapUtf8, "The document is not UTF-8.", {}};
  }
  const auto tree = XmlTree::read(text);
  if (!tree) {
    const Code code = tree.error().code;
    if (code == Code::XmlDoctype) return XcapFault{code, "A document type declaration is not allowed.", {}};
    if (code == Code::XmlTooLarge) return XcapFault{code, "The document is deeper or larger than any of its kind.", {}};
    return XcapFault{Code::XmlSyntax, "The document is not well-formed XML.", {}};
  }
  return Check(application, name, *tree, before).run();
}

bool is_users_change(const Application& application, std::string_view before, std::string_view after) {
  if (!application.user_may_write) return false;
  const auto old_tree = XmlTree::read(before);
  const auto new_tree = XmlTree::read(after);
  if (!old_tree || !new_tree) return false;
  std::string old_meaning, new_meaning;
  append_meaning(*old_tree, 0, old_meaning);
  append_meaning(*new_tree, 0, new_meaning);
  return old_meaning == new_meaning;
}

std::optional<std::string> without_preselection(const Application& application, std::string_view text) {
  const auto tree = XmlTree::read(text);
  if (!tree) return std::nullopt;
  std::string out(text);
  bool is_changed = false;
  // From behind to the front: what is changed leaves the places in front of it where they are.
  std::vector<std::uint32_t> marks;
  for (std::uint32_t at = (*tree)[0].first_child; at != kNoElement; at = (*tree)[at].next_sibling) {
    if ((*tree)[at].space == (*tree)[0].space) marks.push_back(at);
  }
  for (auto place = marks.rbegin(); place != marks.rend(); ++place) {
    const std::uint32_t at = *place;
    const XmlElement& mark = (*tree)[at];
    if (mark.name == "Pre-selected-indication") {
      out.erase(mark.begin, mark.end - mark.begin);
      is_changed = true;
    } else if (mark.name == "is-default" && boolean_in(tree->content(at)).value_or(false)) {
      out.replace(mark.content_begin, mark.content_end - mark.content_begin, "false");
      is_changed = true;
    }
  }
  if (is_marked_default(application, *tree)) {
    const XmlAttribute& mark = *tree->attribute(0, "isDefault");
    out.replace(mark.begin, mark.end - mark.begin, " isDefault=\"false\"");
    is_changed = true;
  }
  if (!is_changed) return std::nullopt;
  return out;
}

}  // namespace claviger::configuration
