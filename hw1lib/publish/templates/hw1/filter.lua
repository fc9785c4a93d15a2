--[[
From the fences of one notebook (see fences.py) to a document, for Typst and for HTML alike.

    read      each fence becomes an item: its blocks, and the cell they come from
    number    chapters, sections, figures, tables and labelled equations, in reading order
    resolve   references, citations, links, pictures and formulas, with a complaint per cell
    finish    what only one of the two writers needs; page.lua has it for HTML

Typst numbers by itself; its numbers and those given here for the HTML page are the same. pandoc
writes the citations of the page.
A complaint is a warning in pandoc's log; the exporter decides whether it stops the build.
]]

local PRINT = FORMAT == 'typst'
local FOLDER = pandoc.path.directory(PANDOC_SCRIPT_FILE)
local fences = dofile(pandoc.path.join{FOLDER, 'fences.lua'})
local formulas = dofile(pandoc.path.join{FOLDER, 'formulas.lua'})
local page = dofile(pandoc.path.join{FOLDER, 'page.lua'})

local known = {}  -- id -> its kind, number and source
local files = {}  -- the pictures that belong to the notebook
local entries = {}  -- the keys of the bibliography
local cited = false  -- whether any of them is
local appendix = false  -- whether the reading has come to the appendices

local WORDS = {fig = 'Figure', tbl = 'Table', eq = 'Equation', sec = 'Section'}

local function complain(source, sentence)
  pandoc.log.warn(source .. ': ' .. sentence)
end

local function typst(code) return pandoc.RawInline('typst', code) end

---------------------------------------------------------------------------------------------------
-- Number: ids, in reading order

local function register(id, kind, number, source)
  if id == '' then return id end
  if not id:find('^[%w_.:-]+$') then
    complain(source, 'the id ' .. id .. ' has other characters than letters, digits, "-" and "_"')
  elseif known[id] then
    complain(source, 'the id ' .. id .. ' is already taken in ' .. known[id].source)
  else
    known[id] = {kind = kind, number = number, source = source, behind = appendix}
    return id
  end
  return ''
end

local counts = {}  -- of figures, tables and equations

local function next_number(word)
  counts[word] = (counts[word] or 0) + 1
  return tostring(counts[word])
end

local sections = {}  -- counts by level, down to the present one
local chapters = {}  -- numbers of the chapters, in reading order

local function next_section(level, chapter)
  for i = 1, level do sections[i] = (sections[i] or 0) + (i == level and 1 or 0) end
  for i = level + 1, #sections do sections[i] = nil end
  local parts = {table.unpack(sections)}
  if level == 1 and not appendix then chapters[parts[1]] = chapter or tostring(parts[1]) end
  parts[1] = appendix and string.char(64 + parts[1]) or chapters[parts[1]] or '0'
  return table.concat(parts, '.')
end

local function number(blocks, source)
  -- in print, what fits on a page with text floats to its bottom, where no heading comes after it
  local function floating(el)
    local rows = el.t == 'Table' and #el.bodies[1].body or 0
    if not PRINT or appendix or rows > 14 then return el end
    return {
      pandoc.RawBlock('typst', '#[#set figure(placement: bottom)'), el,
      pandoc.RawBlock('typst', ']'),
    }
  end

  local function captioned(word)
    return function(el)
      if #el.caption.long == 0 then return nil end
      local count = next_number(word)
      el.identifier = register(el.identifier, word, count, source)
      if not PRINT then
        local name = pandoc.Inlines(word .. ' ' .. count .. '.')
        if el.identifier ~= '' then  -- by which it can be linked to
          name = {pandoc.Link(name, '#' .. el.identifier, '', {class = 'anchor'})}
        end
        name = pandoc.Strong(name)
        local caption = pandoc.utils.blocks_to_inlines(el.caption.long)
        el.caption.long = {pandoc.Plain(pandoc.Inlines{name, pandoc.Space()} .. caption)}
      end
      return floating(el)
    end
  end

  return blocks:walk{
    Figure = captioned(WORDS.fig),
    Table = captioned(WORDS.tbl),
    Header = function(el)
      local word = appendix and 'Appendix' or el.level == 1 and 'Chapter' or WORDS.sec
      if el.classes:includes('unnumbered') then
        register(el.identifier, word, nil, source)
        return nil
      end
      local section = next_section(el.level, el.attributes.chapter)
      el.attributes.chapter = nil
      el.attributes.number = section
      el.identifier = register(el.identifier, word, section, source)
      if el.identifier == '' then el.identifier = 'section-' .. section:gsub('%.', '-') end
      return el
    end,
    Math = function(el)
      local id = el.mathtype == 'DisplayMath' and formulas.label(el.text)
      if id then register(id, WORDS.eq, next_number(WORDS.eq), source) end
    end,
  }
end

local function read(fence)
  local source = fence.attributes.source or 'the report'
  local kind = fence.classes[1]
  if kind == 'appendices' then sections, appendix = {}, true end
  local blocks = number(pandoc.Blocks(fences[kind](fence)), source)
  return {kind = kind, source = source, behind = appendix, blocks = blocks}
end

---------------------------------------------------------------------------------------------------
-- Resolve: references, citations, links, pictures, formulas

local function is_reference(citation)
  local prefix = citation.id:match('^(%a+)[-:]')
  return known[citation.id] ~= nil or WORDS[prefix] ~= nil
end

local function reference(citation, item)
  local source = item.source
  local id, target = citation.id, known[citation.id]
  if not target or not target.number then
    local what = target and 'a reference to unnumbered @'
      or is_reference(citation) and 'unknown reference @' or 'unknown citation @'
    complain(source, what .. id)
    local elsewhere = not target and id:match('^sec%-(.+)')  -- a chapter that is not in this file
    return elsewhere and pandoc.Emph((elsewhere:gsub('%-', ' '))) or pandoc.Str('@' .. id)
  end
  local bare = citation.mode == 'SuppressAuthor'
  local text = bare and target.number or target.kind .. '\u{a0}' .. target.number
  local link = PRINT and typst('#ref(<' .. id .. '>' .. (bare and ', supplement: none' or '') .. ')')
    or pandoc.Link(text, '#' .. id, '', {class = 'reference'})
  local shown = target.kind == WORDS.fig or target.kind == WORDS.tbl
  if bare or not shown or not target.behind or item.behind then return link end
  return pandoc.Inlines{link, pandoc.Span(' in the appendix', {class = 'behind'})}
end

-- Where things stand that are not beside the text, which a notebook need not say: once in a sentence.
local function once(inlines)
  local said, out = false, pandoc.Inlines{}
  for _, el in ipairs(inlines) do
    local behind = el.t == 'Span' and el.classes:includes('behind')
    if not behind then out:insert(el) elseif not said then out:extend(el.content) end
    said = behind or said and not (el.t == 'Str' and el.text:find('[.?!]$'))
  end
  return out
end

-- References to what the report holds, then citations of what its bibliography has.
local function references(cite, item)
  local out, citations = pandoc.Inlines{}, pandoc.List{}
  for _, citation in ipairs(cite.citations) do
    if entries[citation.id] and not is_reference(citation) then
      citations:insert(citation)
    else
      if #out > 0 then out:extend{pandoc.Str(','), pandoc.Space()} end
      if #citation.prefix > 0 then out:extend(citation.prefix) out:insert(pandoc.Space()) end
      out:extend(pandoc.Inlines(reference(citation, item)))
      out:extend(citation.suffix)
    end
  end
  if #citations > 0 then
    cited = true
    if #out == 0 then return nil end
    out:extend{pandoc.Space(), pandoc.Cite({}, citations)}
  end
  return out
end

-- What a link of a notebook refers to, and whether that may be another chapter's:
-- [Figure fit-loss](#fig-fit-loss), [chapter 32](32_capacity.ipynb), [...](32_capacity.ipynb#fig-...).
local function referred(target)
  local chapter, place = target:match('^%d+_([%w_]+)%.ipynb#?(.*)$')
  local id = chapter and place == '' and 'sec-' .. chapter:gsub('_', '-')
    or place or target:match('^#(.*)')
  local word = id and WORDS[id:match('^(%a+)%-') or '']
  return word and id, chapter ~= nil
end

-- References and citations, which a notebook writes as links with a text of their own: the title
-- of a citation is its key, as in [(Li et al. 2018)](https://... "@li2018visualizing"). Of other
-- links only what works away from the notebook's folder stays one.
local function link(el, item)
  local source = item.source
  if el.classes:includes('anchor') then return nil end  -- ours
  local key = el.title:match('^@(%S+)$')
  if key then
    if entries[key] then
      cited = true
      return pandoc.Cite(el.content, {pandoc.Citation(key, 'NormalCitation')})
    end
    complain(source, 'unknown citation @' .. key)
    return el.content
  end
  local reference_id, elsewhere = referred(el.target)
  if reference_id and (known[reference_id] or not elsewhere) then
    return reference(pandoc.Citation(reference_id, 'NormalCitation'), item)
  end
  local id = el.target:match('^#(.*)')
  if id and not known[id] then
    complain(source, 'a link to unknown #' .. id)
    return el.content
  end
  local outside = el.target:find('^https?:') or el.target:find('^mailto:')
  if not id and not outside then return el.content end
end

local function formula(el, item)
  local id = el.mathtype == 'DisplayMath' and formulas.label(el.text)
  local tex = formulas.bare(el.text)
  local code = formulas.typst(el.mathtype, tex)
  if not code then
    complain(item.source, 'cannot convert the formula ' .. el.text:gsub('%s+', ' '))
    return pandoc.Code(el.text)
  end
  if PRINT then
    if not id then return typst(code) end
    return typst('#[#set math.equation(numbering: "(1)");' .. code .. '<' .. id .. '>]')
  end
  local math = pandoc.Math(el.mathtype, tex)
  if not id or not known[id] then return math end
  local label = pandoc.Link('(' .. known[id].number .. ')', '#' .. id, '', {class = 'anchor'})
  local number = pandoc.Span(label, {class = 'number'})
  return pandoc.Span({math, number}, {id = id, class = 'equation'})
end

local function image(el, item)
  if files[el.src] then return nil end
  complain(item.source, 'the picture ' .. el.src .. ' is not in the notebook; attach it to the cell')
  return pandoc.Str('[' .. el.src .. ']')
end

local function text(el, item)
  if el.text:find('$$', 1, true) then
    complain(item.source, 'a formula between $$ that has no end, or an empty line in it')
  end
end

local function resolve(item)
  local resolvers = {
    Math = formula, Cite = references, Link = link, Image = image, Str = text, Inlines = once,
  }
  for name, resolver in pairs(resolvers) do
    resolvers[name] = function(el) return resolver(el, item) end
  end
  return item.blocks:walk(resolvers)
end

---------------------------------------------------------------------------------------------------
-- Finish

local LOOKS = {part = true, picture = true, origin = true}  -- functions in report.typ, with hw1-

local function look(raw)
  return function(el)
    local class = el.classes[1]
    if not LOOKS[class] then return nil end
    local content = el.content
    content:insert(1, raw('typst', '#hw1-' .. class .. '['))
    content:insert(raw('typst', ']'))
    return content
  end
end

local finish_typst = {
  Div = look(pandoc.RawBlock),
  Span = look(pandoc.RawInline),
  Image = function(el)  -- pandoc would leave out what it shows
    local function quoted(text) return '"' .. text:gsub('[\\"]', '\\%0'):gsub('%s+', ' ') .. '"' end
    local alt = quoted(pandoc.utils.stringify(el.caption))
    local amount, unit = (el.attributes.width or ''):match('^([%d.]+)(.*)$')
    local width = unit == '%' and amount .. '%' or unit == 'px' and 0.75 * amount .. 'pt'
    width = width and ', width: ' .. width or ''
    return typst('#box(image(' .. quoted(el.src) .. width .. ', alt: ' .. alt .. '))')
  end,
}

-- What a browser calls the page: its title, or that of a chapter alone.
local function page_title(doc)
  local heading = doc.blocks:find_if(function(block) return block.t == 'Header' end)
  return pandoc.utils.stringify(doc.meta.title or heading and heading.content or 'Notebook')
end

function Pandoc(doc)
  local meta = doc.meta
  for _, name in ipairs(meta.pictures or {}) do files[pandoc.utils.stringify(name)] = true end
  local all = pandoc.Inlines{pandoc.Cite({}, {pandoc.Citation('*', 'NormalCitation')})}
  local bibliography = pandoc.Pandoc({}, {bibliography = meta.bibliography, nocite = all})
  for _, entry in ipairs(pandoc.utils.references(bibliography)) do entries[entry.id] = true end

  local items, blocks, abstract = doc.blocks:map(read), pandoc.Blocks{}, pandoc.Blocks{}
  local back = false
  for _, item in ipairs(items) do
    local resolved = resolve(item)
    if not back and (item.kind == 'appendices' or item.kind == 'references' and cited) then
      resolved:insert(1, pandoc.RawBlock('typst', '#show: hw1-back'))  -- no figure floats behind
      back = true
    end
    if PRINT then  -- by which a failure of Typst is traced back to its cell
      resolved:insert(1, pandoc.RawBlock('typst', '// from ' .. item.source))
    end
    if item.kind == 'abstract' and meta.title then
      abstract:extend(resolved)
    elseif item.kind ~= 'references' or cited then
      blocks:extend(resolved)
    end
  end
  if #abstract > 0 then meta.abstract = pandoc.MetaBlocks(abstract) end
  doc = pandoc.Pandoc(blocks, meta)
  if PRINT then
    for i, chapter in ipairs(chapters) do chapters[i] = '"' .. chapter .. '", ' end
    doc.meta['chapters-typst'] = {pandoc.RawInline('typst', table.concat(chapters))}
  else
    doc.meta.pagetitle = page_title(doc)
  end
  if cited then _, doc = pandoc.log.silence(pandoc.utils.citeproc, doc) end
  if PRINT then return doc:walk(finish_typst) end
  local names = {}
  for id, target in pairs(known) do names[id] = target.kind .. ' ' .. (target.number or '') end
  return page.finish(doc, names)
end
