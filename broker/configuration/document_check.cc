#include "broker/configuration/document_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "core/codec/utf8.h"

namespace claviger::configuration {
namespace {

constexpr std::string_view kCommonPolicy = "urn:ietf:params:xml:ns:common-policy";

std::optional<std::uint64_t> number_in(std::string_view text) {
  text = trimmed(text);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// xs:boolean.
std::optional<bool> boolean_in(std::string_view text) {
  text = trimmed(text);
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

enum class Type : std::uint8_t { Boolean, Empty, Uri, Count, Octet, Hex6 };

// Values of which the type is known, by the element's name, in the document's own namespace. A missing "allow-..." is
// false, but one that is there is a boolean.
std::optional<Type> type_of(std::string_view name) {
  if (name.starts_with("allow-") || name == "Status") return Type::Boolean;
  if (name == "Pre-selected-indication") return Type::Empty;
  if (name == "uri-entry") return Type::Uri;
  if (name == "User-Info-ID") return Type::Hex6;
  if (name == "Priority") return Type::Octet;
  if (name == "MaxAffiliationsN2" || name == "MaxSimultaneousCallsN6" || name == "MaxSimultaneousTransmissionsN7") {
    return Type::Count;
  }
  return std::nullopt;
}

bool has_type(Type type, const std::string& content) {
  const std::string_view text = trimmed(content);
  switch (type) {
    case Type::Boolean:
      return boolean_in(text).has_value();
    case Type::Empty:
      return text.empty();
    case Type::Uri:
      return text.find(':') != std::string_view::npos && text.find(':') != 0 &&
             text.find_first_of(" \t\r\n<>\"") == std::string_view::npos;
    case Type::Count:
      return number_in(text).has_value();
    case Type::Octet: {
      const auto number = number_in(text);
      return number && *number <= 255;
    }
    case Type::Hex6:
      return text.size() == 12 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  }
  return false;
}

constexpr std::array<std::string_view, 8> kMcChildren{"Name",   "Status",    "ProfileName", "Pre-selected-indication",
                                                      "Common", "OnNetwork", "OffNetwork",  "anyExt"};
constexpr std::array<std::string_view, 6> kValChildren{
    "user-profile-index", "ProfileName", "Status", "Pre-selected-indication", "anyExt", "profile-configuration"};
constexpr std::array<std::string_view, 4> kEntryInfo{"UsePreConfigured", "DedicatedGroup", "UseCurrentlySelectedGroup",
                                                     "LocallyDetermined"};

class Check {
 public:
  Check(const Application& application, const DocumentName& name, const XmlTree& tree)
      : application_(application), name_(name), tree_(tree) {}

  Checked<DocumentFacts> run() {
    const XmlElement& root = tree_[0];
    if (root.name != application_.root || root.space != application_.space) {
      return invalid("The root element is not <" + std::string(application_.root) + "> of " +
                     std::string(application_.space) + ".");
    }
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
  bool is_own(std::uint32_t at) const { return tree_[at].space == application_.space; }

  Wrong element(std::uint32_t at) {
    const std::string name(tree_[at].name);
    if (tree_[at].space == kCommonPolicy && name == "ruleset") return unique_attribute(at, "rule", "id");
    if (!is_own(at)) return std::nullopt;
    const auto type = type_of(name);
    const bool has_children = tree_[at].first_child != kNoElement;
    if (type && !(*type == Type::Empty && has_children) && has_type(*type, tree_.content(at))) return entry(at);
    if (type) return invalid("The value of <" + name + "> is not of its type.");
    return entry(at);
  }

  // EntryType: uri-entry first, at most one display-name; its index is one of the list's own.
  Wrong entry(std::uint32_t at) {
    const XmlAttribute* info = tree_.attribute(at, "entry-info");
    if (info != nullptr && std::ranges::find(kEntryInfo, info->value) == kEntryInfo.end()) {
      return invalid("An entry-info is none of the four.");
    }
    std::size_t displays = 0;
    std::size_t uris = 0;
    std::set<std::string_view> indexes;
    for (std::uint32_t child = tree_[at].first_child; child != kNoElement; child = tree_[child].next_sibling) {
      if (!is_own(child)) continue;
      if (tree_[child].name == "uri-entry" && (++uris > 1 || displays > 0)) {
        return invalid("In an entry one <uri-entry> stands in front.");
      }
      if (tree_[child].name == "display-name" && ++displays > 1) return invalid("An entry has one <display-name>.");
      if (tree_[child].name != "entry" && tree_[child].name != "alias-entry") continue;
      const XmlAttribute* index = tree_.attribute(child, "index");
      if (index != nullptr && !indexes.insert(index->value).second) {
        return XcapFault{
            Code::XcapUniqueness, "Two entries of <" + std::string(tree_[at].name) + "> have one index.", {}};
      }
    }
    return std::nullopt;
  }

  Wrong unique_attribute(std::uint32_t at, std::string_view child_name, std::string_view attribute) {
    std::set<std::string_view> seen;
    for (std::uint32_t child = tree_[at].first_child; child != kNoElement; child = tree_[child].next_sibling) {
      if (tree_[child].name != child_name) continue;
      const XmlAttribute* value = tree_.attribute(child, attribute);
      if (value == nullptr)
        return invalid("A <" + std::string(child_name) + "> lacks its " + std::string(attribute) + ".");
      if (!seen.insert(value->value).second) {
        return XcapFault{
            Code::XcapUniqueness, "Two <" + std::string(child_name) + "> have one " + std::string(attribute) + ".", {}};
      }
    }
    return std::nullopt;
  }

  Wrong profile() {
    std::size_t states = 0, names = 0, preselections = 0;
    for (std::uint32_t at = tree_[0].first_child; at != kNoElement; at = tree_[at].next_sibling) {
      if (!is_own(at)) continue;
      const std::string_view name = tree_[at].name;
      const bool is_known = application_.is_val ? std::ranges::find(kValChildren, name) != kValChildren.end()
                                                : std::ranges::find(kMcChildren, name) != kMcChildren.end();
      if (!is_known)
        return invalid("<" + std::string(name) + "> is no child of <" + std::string(application_.root) + ">.");
      if (name == "Status") {
        ++states;
        facts_.is_active = *boolean_in(tree_.content(at));
      }
      if (name == "ProfileName") {
        ++names;
        facts_.profile_name = trimmed(tree_.content(at));
      }
      if (name == "Pre-selected-indication") ++preselections;
    }
    if (states != 1) return invalid("A profile has one <Status>.");
    if (names > 1) return invalid("A profile has at most one <ProfileName>.");
    if (preselections > 1) return invalid("A profile has at most one <Pre-selected-indication>.");
    if (facts_.profile_name.size() > kNameBytesMax) return constraint("The name of the profile is too long.");
    facts_.is_preselected = preselections == 1;
    if (application_.is_val) {
      if (const XmlAttribute* standing = tree_.attribute(0, "isDefault")) {
        const auto value = boolean_in(standing->value);
        if (!value) return invalid("isDefault is a boolean.");
        facts_.is_preselected = facts_.is_preselected || *value;
      }
    }
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
    if (const XmlAttribute* attribute = tree_.attribute(0, "user-profile-index")) index = number_in(attribute->value);
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
  DocumentFacts facts_;
};

bool is_users_own(const XmlTree& tree, std::uint32_t at) {
  const XmlElement& element = tree[at];
  if (element.parent == kNoElement || element.space != tree[0].space) return false;
  if (element.parent == 0) return element.name == "ProfileName" || element.name == "Pre-selected-indication";
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

Checked<DocumentFacts> check_document(const Application& application, const DocumentName& name, std::string_view text) {
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
  return Check(application, name, *tree).run();
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
  const std::uint32_t mark = tree->child(0, "Pre-selected-indication");
  if (mark != kNoElement) {
    out.erase((*tree)[mark].begin, (*tree)[mark].end - (*tree)[mark].begin);
    is_changed = true;
  }
  const XmlAttribute* standing = application.is_val ? tree->attribute(0, "isDefault") : nullptr;
  if (standing != nullptr && boolean_in(standing->value).value_or(false)) {
    // In front of the element that was cut: its place is the same.
    out.replace(standing->begin, standing->end - standing->begin, " isDefault=\"false\"");
    is_changed = true;
  }
  if (!is_changed) return std::nullopt;
  return out;
}

}  // namespace claviger::configuration
