"""Forms that follow two relations one after the other, or one between nodes of the same label."""

from __future__ import annotations

from expertkit.data.cypher.forms.template import make_form

_PATH = "MATCH (a:{a})-[:{rel}]->(:{b})-[:{rel2}]->"

PATHS = (
    make_form(
        "path-both",
        _PATH + "(c:{c}) RETURN a.{a_col}, c.{c_col}",
        "@show the {a_col} of [each|every] {a} that {rel} any {b} that {rel2} any {c} and the {c_col} of that {c}",
        "for [each|every] {a} that {rel} any {b} that {rel2} any {c} @show the {a_col} and the {c_col} of that {c}",
        "what is the {a_col} of [each|every] {a} that {rel} any {b} that {rel2} any {c} and the {c_col} of that {c}?",
    ),
    make_form(
        "path-equal",
        _PATH + "(c:{c} {{{c_text}: '{value}'}}) RETURN a.{a_col}",
        "@show the {a_col} of [each|every] {a} that {rel} any {b} that {rel2} any {c} with {c_text} {value}",
        "which {a_col} belongs to [each|every] {a} that {rel} any {b} that {rel2} any {c} with {c_text} {value}?",
        "for [each|every] {a} that {rel} any {b} that {rel2} any {c} with {c_text} {value} @show the {a_col}",
    ),
    make_form(
        "path-count",
        _PATH + "(c:{c}) RETURN a.{a_text}, COUNT(*)",
        "@show each {a_text} of any {a} that {rel} any {b} that {rel2} any {c} and how many {c} nodes",
        "count the {c} nodes @per {a_text} of any {a} that {rel} any {b} that {rel2} any {c}",
        "for each {a_text} of any {a} that {rel} any {b} that {rel2} any {c} @show how many {c} nodes",
    ),
)
LOOPS = (
    make_form(
        "loop-out",
        "MATCH (a:{a} {{{a_text}: '{value}'}})-[:{rel}]->(b:{a}) RETURN b.{a_col}",
        "@show the {a_col} of [each|every] {a} that @any {a} with {a_text} {value} {rel}",
        "which {a_col} belongs to [each|every] {a} that @any {a} with {a_text} {value} {rel}?",
        "for @any {a} with {a_text} {value} @show the {a_col} of [each|every] {a} it {rel}",
    ),
    make_form(
        "loop-in",
        "MATCH (a:{a})-[:{rel}]->(b:{a} {{{a_text}: '{value}'}}) RETURN a.{a_col}",
        "@show the {a_col} of [each|every] {a} that {rel} @any {a} with {a_text} {value}",
        "which {a_col} belongs to [each|every] {a} that {rel} @any {a} with {a_text} {value}?",
        "for [each|every] {a} that {rel} @any {a} with {a_text} {value} @show the {a_col}",
    ),
    make_form(
        "loop-compare",
        "MATCH (a:{a})-[:{rel}]->(b:{a}) WHERE a.{a_num} > b.{a_num} RETURN a.{a_col}",
        "@show the {a_col} of [each|every] {a} that {rel} @any {a} with [lower|smaller] {a_num}",
        "which {a_col} belongs to [each|every] {a} that {rel} @any {a} with [lower|smaller] {a_num}?",
        "for [each|every] {a} that {rel} @any {a} with [lower|smaller] {a_num} @show the {a_col}",
    ),
)
