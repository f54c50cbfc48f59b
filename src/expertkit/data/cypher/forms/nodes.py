"""Forms that show the nodes of one label: some properties, under a condition, in an order."""

from __future__ import annotations

from expertkit.data.cypher.forms.template import make_form

PROPERTIES = (
    make_form(
        "property",
        "MATCH (a:{a}) RETURN a.{a_col}",
        "@show the {a_col} of @nodes",
        "what is the {a_col} of @nodes?",
        "which {a_col} does [each|every] {a} have?",
        "for @nodes @show the {a_col}",
    ),
    make_form(
        "two-properties",
        "MATCH (a:{a}) RETURN a.{a_col}, a.{a_col2}",
        "@show the {a_col} and {a_col2} of @nodes",
        "what are the {a_col} and the {a_col2} of @nodes?",
        "which {a_col} and {a_col2} does [each|every] {a} have?",
        "for @nodes @show {a_col} and {a_col2}",
    ),
    make_form(
        "distinct",
        "MATCH (a:{a}) RETURN DISTINCT a.{a_text}",
        "@show the @different {a_text} values of @all",
        "which @different {a_text} values [occur|appear] among @all?",
        "what are the @different {a_text} values of @all?",
    ),
)
CONDITIONS = (
    make_form(
        "match-equal",
        "MATCH (a:{a} {{{a_text}: '{value}'}}) RETURN a.{a_col}",
        "@show the {a_col} of @nodes @where {value}",
        "what is the {a_col} of @nodes @where {value}?",
        "which {a_col} belongs to @nodes @where {value}?",
        "for @nodes @where {value} @show the {a_col}",
    ),
    make_form(
        "match-flag",
        "MATCH (a:{a} {{{a_flag}: true}}) RETURN a.{a_col}",
        "@show the {a_col} of @flagged",
        "what is the {a_col} of @flagged?",
        "@show the {a_col} of @nodes where {a_flag} is true",
        "for @flagged @show the {a_col}",
    ),
    make_form(
        "where-greater",
        "MATCH (a:{a}) WHERE a.{a_num} > {bound} RETURN a.{a_col}",
        "@show the {a_col} of @nodes [whose|where] {a_num} is @over {bound}",
        "what is the {a_col} of @nodes with {a_num} @over {bound}?",
        "which {a_col} belongs to @nodes with {a_num} @over {bound}?",
        "for @nodes with {a_num} @over {bound} @show the {a_col}",
    ),
    make_form(
        "where-less",
        "MATCH (a:{a}) WHERE a.{a_num} < {bound} RETURN a.{a_col}",
        "@show the {a_col} of @nodes [whose|where] {a_num} is @under {bound}",
        "what is the {a_col} of @nodes with {a_num} @under {bound}?",
        "which {a_col} belongs to @nodes with {a_num} @under {bound}?",
        "for @nodes with {a_num} @under {bound} @show the {a_col}",
    ),
    make_form(
        "where-at-least",
        "MATCH (a:{a}) WHERE a.{a_num} >= {bound} RETURN a.{a_col}",
        "@show the {a_col} of @nodes [whose|where] {a_num} is at least {bound}",
        "what is the {a_col} of @nodes with {a_num} {bound} or more?",
        "which {a_col} belongs to @nodes with {a_num} of at least {bound}?",
        "for @nodes with {a_num} of at least {bound} @show the {a_col}",
    ),
    make_form(
        "where-not-equal",
        "MATCH (a:{a}) WHERE a.{a_text} <> '{value}' RETURN a.{a_col}",
        "@show the {a_col} of @nodes [whose|where] {a_text} is not {value}",
        "what is the {a_col} of @nodes [whose|where] {a_text} [is not|differs from] {value}?",
        "which {a_col} belongs to @nodes with {a_text} other than {value}?",
        "for @nodes with {a_text} other than {value} @show the {a_col}",
    ),
    make_form(
        "where-and",
        "MATCH (a:{a}) WHERE a.{a_text} = '{value}' AND a.{a_num} > {bound} RETURN a.{a_col}",
        "@show the {a_col} of @nodes [whose|where] {a_text} is {value} and {a_num} is @over {bound}",
        "what is the {a_col} of @nodes with {a_text} {value} and {a_num} @over {bound}?",
        "for @nodes with {a_text} {value} and {a_num} @over {bound} @show the {a_col}",
        "@show the {a_col} of @nodes with {a_num} @over {bound} and {a_text} {value}",
    ),
    make_form(
        "where-in",
        "MATCH (a:{a}) WHERE a.{a_text} IN ['{value}', '{value2}'] RETURN a.{a_col}",
        "@show the {a_col} of @nodes @where {value} or {value2}",
        "what is the {a_col} of @nodes @where either {value} or {value2}?",
        "which {a_col} belongs to @nodes @where {value} or {value2}?",
        "for @nodes @where either {value} or {value2} @show the {a_col}",
    ),
    make_form(
        "where-missing",
        "MATCH (a:{a}) WHERE a.{a_text} IS NULL RETURN a.{a_col}",
        "@show the {a_col} of @nodes [without a|with no] {a_text}",
        "what is the {a_col} of @nodes [without a|with no] {a_text}?",
        "@show the {a_col} of @nodes [whose|where] {a_text} is [missing|unknown|null]",
        "for @nodes [whose|where] {a_text} is [missing|unknown|null] @show the {a_col}",
    ),
)
ORDERS = (
    make_form(
        "order-ascending",
        "MATCH (a:{a}) RETURN a.{a_col} ORDER BY a.{a_num}",
        "@show the {a_col} of @nodes [sorted|ordered] by {a_num}",
        "@show the {a_col} of @nodes [sorted|ordered] by {a_num} from [lowest to highest|low to high]",
        "@show the {a_col} of @nodes with the @lowest {a_num} first",
        "[sort|order] @nodes by {a_num} and @show the {a_col}",
    ),
    make_form(
        "order-descending",
        "MATCH (a:{a}) RETURN a.{a_col} ORDER BY a.{a_num} DESC",
        "@show the {a_col} of @nodes [sorted|ordered] by [descending {a_num}|{a_num} descending]",
        "@show the {a_col} of @nodes [sorted|ordered] by {a_num} from [highest to lowest|high to low]",
        "@show the {a_col} of @nodes with the @highest {a_num} first",
        "[sort|order] @nodes by descending {a_num} and @show the {a_col}",
    ),
    make_form(
        "top",
        "MATCH (a:{a}) RETURN a.{a_col} ORDER BY a.{a_num} DESC LIMIT {count}",
        "@show the {a_col} of the {count} {a} nodes with the @highest {a_num}",
        "@show the {a_col} of the top {count} {a} nodes by {a_num}",
        "which {a_col} do the {count} {a} nodes with the @highest {a_num} have?",
        "for the {count} {a} nodes with the @highest {a_num} @show the {a_col}",
    ),
)
