"""Forms that ask one table about itself or about another one."""

from __future__ import annotations

from expertkit.data.sql.forms.template import make_form

_JOIN = "FROM {table} JOIN {owner} ON {table}.{owner}_id = {owner}.id"

SUBQUERIES = (
    make_form(
        "above-average",
        "SELECT {col} FROM {table} WHERE {num} > (SELECT AVG({num}) FROM {table})",
        "@show the {col} of @rows with [an|] above average {num}",
        "@show the {col} of @rows [whose|where] {num} is @over the average",
        "which {col} belongs to @rows with {num} @over the average?",
        "for @rows with {num} @over the average @show the {col}",
    ),
    make_form(
        "highest-row",
        "SELECT {col} FROM {table} WHERE {num} = (SELECT MAX({num}) FROM {table})",
        "@show the {col} of the {table} with the @highest {num}",
        "what is the {col} of the {table} with the @highest {num}?",
        "which {col} does the {table} with the @highest {num} have?",
        "for the {table} with the @highest {num} @show the {col}",
    ),
    make_form(
        "lowest-row",
        "SELECT {col} FROM {table} WHERE {num} = (SELECT MIN({num}) FROM {table})",
        "@show the {col} of the {table} with the @lowest {num}",
        "what is the {col} of the {table} with the @lowest {num}?",
        "which {col} does the {table} with the @lowest {num} have?",
        "for the {table} with the @lowest {num} @show the {col}",
    ),
    make_form(
        "in-subquery",
        "SELECT {owner_col} FROM {owner} WHERE id IN (SELECT {owner}_id FROM {table} WHERE {num} > {bound})",
        "@show the {owner_col} of @owners with [a|any] {table} [whose|where] {num} is @over {bound}",
        "@show the {owner_col} of @owners having [a|any] {table} with {num} @over {bound}",
        "which {owner_col} belongs to @owners with [a|any] {table} of {num} @over {bound}?",
        "for @owners with [a|any] {table} of {num} @over {bound} @show the {owner_col}",
    ),
    make_form(
        "exists",
        "SELECT {owner_col} FROM {owner} WHERE EXISTS (SELECT * FROM {table} WHERE {table}.{owner}_id = {owner}.id)",
        "@show the {owner_col} of @owners with at least one {table}",
        "@show the {owner_col} of @owners having [a|any|some] {table}",
        "which {owner_col} belongs to @owners with at least one {table}?",
        "for @owners with at least one {table} @show the {owner_col}",
    ),
)
JOINS = (
    make_form(
        "join-select",
        "SELECT {table}.{col}, {owner}.{owner_col} " + _JOIN,
        "@show the {col} of @rows and the {owner_col} of its {owner}",
        "@show the {col} of @rows with the {owner_col} of its {owner}",
        "what is the {col} of @rows and the {owner_col} of its {owner}?",
        "for @rows @show the {col} and the {owner_col} of its {owner}",
    ),
    make_form(
        "join-equal",
        "SELECT {table}.{col} " + _JOIN + " WHERE {owner}.{owner_text} = '{value}'",
        "@show the {col} of @rows whose {owner} has {owner_text} {value}",
        "@show the {col} of @rows of [a|any] {owner} with {owner_text} {value}",
        "what is the {col} of @rows whose {owner} has {owner_text} {value}?",
        "for @rows whose {owner} has {owner_text} {value} @show the {col}",
    ),
    make_form(
        "join-count",
        "SELECT {owner}.{owner_text}, COUNT(*) " + _JOIN + " GROUP BY {owner}.{owner_text}",
        "how many {table} rows are there @per {owner} {owner_text}?",
        "count the {table} rows @per {owner} {owner_text}",
        "@show each {owner} {owner_text} with its number of {table} rows",
        "for each {owner} {owner_text} @show how many {table} rows there are",
    ),
    make_form(
        "join-sum",
        "SELECT {owner}.{owner_text}, SUM({table}.{num}) " + _JOIN + " GROUP BY {owner}.{owner_text}",
        "what is the @added {num} of the {table} rows @per {owner} {owner_text}?",
        "[show|give|find|get] the @added {num} of the {table} rows @per {owner} {owner_text}",
        "add up the {num} of the {table} rows @per {owner} {owner_text}",
        "for each {owner} {owner_text} @show the @added {num} of the {table} rows",
    ),
    make_form(
        "without-match",
        "SELECT {owner}.{owner_col} FROM {owner} LEFT JOIN {table} ON {table}.{owner}_id = {owner}.id "
        "WHERE {table}.id IS NULL",
        "@show the {owner_col} of @owners [without a|without any|with no] {table}",
        "@show the {owner_col} of @owners to which no {table} belongs",
        "which {owner_col} belongs to @owners [without a|without any|with no] {table}?",
        "for @owners [without a|without any|with no] {table} @show the {owner_col}",
    ),
)
